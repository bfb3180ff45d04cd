// Where the files are that commands name. Thread-safe as long as nothing changes the environment.
#pragma once

#include <string>

#include "base/result.h"

namespace catena::sys {

// The file that execvp(3) runs for the name. NotFound where there is none; NotPermitted where none of those
// that there are can be executed.
base::Result<std::string> find_program(const std::string& name);

// The path without symbolic links, "." and ".."; the path as it is where nothing is there.
std::string real_path(const std::string& path);

}  // namespace catena::sys
