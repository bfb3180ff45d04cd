// Where the probe of a function goes: the first instruction of its entry
// block that the running kernel does not step over, as long as the stack pointer can be followed to it.
#pragma once

#include "elf/function.h"
#include "elf/image.h"
#include "functions/branch_targets.h"
#include "functions/site.h"

namespace catena::functions {

struct EntrySite {
    Site site;
    SiteKind entry =
        SiteKind::Refused;      // what a probe on its very first instruction is: one on its return is there
    bool ends_in_jump = false;  // it jumps to code that is not its own: a tail call
};

[[nodiscard]] EntrySite entry_site(const elf::Image& image, const elf::Function& function,
                                   const Ability& ability, const BranchTargets& targets);

}  // namespace catena::functions
