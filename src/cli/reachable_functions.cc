#include "cli/reachable_functions.h"

#include <filesystem>
#include <system_error>

#include "callgraph/program.h"

namespace catena::cli {
namespace {

std::string real_path(const std::string& path) {
    std::error_code error;
    const auto real = std::filesystem::canonical(path, error);
    return error ? path : real.string();
}

}  // namespace

ReachableFunctions::ReachableFunctions(const std::vector<std::string>& programs) {
    for (const std::string& path : programs) {
        const auto program = callgraph::Program::analyze(path, {});
        if (!program) continue;
        const auto& objects = (*program)->linked().objects;
        for (std::uint32_t object = 0; object < objects.size(); ++object) {
            const std::string file = real_path(objects[object].path);
            const auto& functions = objects[object].code->functions;
            for (std::uint32_t i = 0; i < functions.size(); ++i) {
                bool& runs = functions_[{file, functions[i].address}];
                runs = runs || (*program)->reach().reached({.object = object, .function = i});
            }
        }
    }
}

std::optional<bool> ReachableFunctions::can_run(const std::string& file, std::uint64_t address) const {
    const auto found = functions_.find({file, address});
    return found == functions_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace catena::cli
