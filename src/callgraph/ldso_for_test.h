// The machine's own loader, asked what it does: the truth that tests compare with.
#pragma once

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "callgraph/binder.h"
#include "callgraph/loaded.h"
#include "elf/programs_for_test.h"

namespace catena::callgraph {

// from, to, symbol, version: files as the loader writes them, "MAIN" for the program, no version as "".
using Bindings = std::set<std::tuple<std::string, std::string, std::string, std::string>>;

class LdSo : public elf::Programs {
  protected:
    // What LD_TRACE_LOADED_OBJECTS says that a program loads, in no order; "missing NAME" for what is not
    // found.
    [[nodiscard]] std::set<std::string> traced(const std::string& program,
                                               const std::string& environment = {}) const;
    // Each line of LD_DEBUG=bindings of a program that is not run, only relocated; or of one that is.
    enum class Run : bool { No, Yes };
    [[nodiscard]] Bindings debugged(const std::string& program, Run run,
                                    const std::string& environment = {}) const;
    // The first of these that is installed; empty where none is.
    [[nodiscard]] static std::string installed(const std::string& name);
};

// The same, of ours.
[[nodiscard]] Loaded loaded(const std::string& program, const LoadOptions& options = {});
[[nodiscard]] std::set<std::string> paths(const Loaded& loaded);
[[nodiscard]] std::vector<std::string> scope_paths(const Loaded& loaded, ObjectId opened = kProgram);
// Of all references that relocations make; without those of the loader itself where they are not wanted.
[[nodiscard]] Bindings bindings(const Loaded& loaded, bool of_interpreter = false);

}  // namespace catena::callgraph
