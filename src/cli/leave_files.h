// What the kernel does as the last descriptor of something is closed can take long; nobody has to wait for
// it.
#pragma once

namespace catena::cli {

// Forks a process that has this one's descriptors open until this one has ended, and then ends, too: so that
// whatever this one closes from now on it closes at once.
void leave_files_to_child();

}  // namespace catena::cli
