#include "sys/program_path.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace catena::sys {
namespace {

enum class Verdict { Runs, NotThere, NotExecutable };

Verdict judge(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return Verdict::NotThere;
    return S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0 ? Verdict::Runs
                                                                        : Verdict::NotExecutable;
}

}  // namespace

base::Result<std::string> find_program(const std::string& name) {
    Verdict verdict = Verdict::NotThere;
    const auto runs = [&verdict](const std::string& path) {
        const Verdict here = judge(path);
        if (here != Verdict::NotThere) verdict = here;
        return here == Verdict::Runs;
    };
    if (name.contains('/')) {
        if (runs(name)) return name;
    } else {
        const char* variable = std::getenv("PATH");
        const std::string folders = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
        for (std::size_t begin = 0; begin <= folders.size();) {
            const std::size_t end = std::min(folders.find(':', begin), folders.size());
            const std::string folder = end == begin ? "." : folders.substr(begin, end - begin);
            if (std::string path = folder + "/" + name; runs(path)) return path;
            begin = end + 1;
        }
    }
    if (verdict == Verdict::NotThere)
        return base::fail(base::ErrorCode::NotFound, name + ": there is no such program");
    return base::fail(base::ErrorCode::NotPermitted, name + " cannot be executed");
}

std::string real_path(const std::string& path) {
    std::error_code error;
    const auto real = std::filesystem::canonical(path, error);
    return error ? path : real.string();
}

}  // namespace catena::sys
