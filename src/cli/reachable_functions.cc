#include "cli/reachable_functions.h"

#include "callgraph/program.h"
#include "sys/program_path.h"

namespace catena::cli {
ReachableFunctions::ReachableFunctions(const std::vector<std::string>& programs) {
    for (const std::string& path : programs) {
        const callgraph::ProgramOptions defaults;
        const auto program = callgraph::Program::analyze(path, defaults);
        if (!program) continue;
        const auto& objects = (*program)->linked().objects;
        for (std::uint32_t object = 0; object < objects.size(); ++object) {
            const std::string file = sys::real_path(objects[object].path);
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
