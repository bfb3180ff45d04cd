// Interrupts: how a verb that writes a recording learns that it is to stop, so that it can leave no half of
// one.
#pragma once

#include <initializer_list>

namespace catena::cli {

// From now on these signals do nothing but make was_interrupted() true.
void catch_interrupts(std::initializer_list<int> signals);
bool was_interrupted();

}  // namespace catena::cli
