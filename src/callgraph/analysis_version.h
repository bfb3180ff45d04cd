// Which analysis this is: another build of it may find something else in the same files.
#pragma once

#include <string>

namespace catena::callgraph {

// The same for the same code, and another one after any change of it, without anybody having to remember to
// raise a number: the build id of the program that this code is linked into (or, where the linker made none,
// a hash of its instructions), and the version of the decoder.
[[nodiscard]] const std::string& analysis_version();

}  // namespace catena::callgraph
