// FunctionContexts: the paths of functions that led to system calls, as the kernel programs list them
// (bpf/contexts.bpf.c). One thread.
#pragma once

#include <cstdint>

#include "event/batch.h"

namespace catena::sensor {

class FunctionContexts {
  public:
    FunctionContexts() = default;
    // `list_map` is the map cat_context_list, `count` how many of it there are: both outlive this.
    FunctionContexts(int list_map, const volatile std::uint32_t* count)
        : list_map_(list_map), count_(count) {}

    // Adds those that are new since the last time. To be called after the records that name them were read:
    // what a record names is in the list before. `functions` is how many are watched.
    void take(std::uint32_t functions, event::Batch& out);

  private:
    int list_map_ = -1;
    const volatile std::uint32_t* count_ = nullptr;
    std::uint32_t taken_ = 0;
    bool told_shallow_ = false;
};

}  // namespace catena::sensor
