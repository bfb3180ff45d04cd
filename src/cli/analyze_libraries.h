// catena analyze --what libraries: what the loader maps for a program, who asked for it, and what is missing.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "callgraph/loaded.h"

namespace catena::cli {

struct AnalyzeLibrariesOptions {
    std::string binary;
    std::string format = "text";  // or json
    callgraph::LoadOptions load;
    std::vector<std::string> also;   // names as dlopen would get them
    std::vector<std::string> later;  // nss, pam:SERVICE, gconv, openssl
};

// Prints, and returns the exit code: kNegative where something is missing.
[[nodiscard]] base::Result<int> analyze_libraries(const AnalyzeLibrariesOptions& options);

}  // namespace catena::cli
