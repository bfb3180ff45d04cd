// ReachableFunctions: which functions of programs and their libraries can run at all, by their call graphs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace catena::cli {

class ReachableFunctions {
  public:
    // Analyses these programs with all that they load; one that cannot be is left out.
    explicit ReachableFunctions(const std::vector<std::string>& programs);

    // Whether the function at an address of a file can run; nothing where the file is part of none of the
    // programs, or has no function there.
    [[nodiscard]] std::optional<bool> can_run(const std::string& file, std::uint64_t address) const;

  private:
    std::map<std::pair<std::string, std::uint64_t>, bool> functions_;  // by real path and address
};

}  // namespace catena::cli
