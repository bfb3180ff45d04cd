#include "sensor/function_contexts.h"

#include <bpf/bpf.h>

#include <algorithm>

#include "wire/functions.h"

namespace catena::sensor {

void FunctionContexts::take(std::uint32_t functions, event::Batch& out) {
    if (count_ == nullptr) return;
    const std::uint32_t count = std::min(std::uint32_t{*count_}, std::uint32_t{CAT_CONTEXTS_MAX});
    for (; taken_ < count; ++taken_) {
        cat_function_context context{};
        // One that is not filled in yet belongs to a call that has not been told yet.
        if (bpf_map_lookup_elem(list_map_, &taken_, &context) != 0 || context.function == 0) break;
        out.function_contexts.push_back(
            {.id = taken_ + 1, .parent = context.parent, .function = context.function});
    }
    if (taken_ < CAT_CONTEXTS_MAX || told_shallow_) return;
    told_shallow_ = true;
    for (std::uint32_t function = 1; function <= functions; ++function) {
        out.function_contexts.push_back(
            {.id = CAT_CONTEXT_SHALLOW | function, .parent = 0, .function = function});
    }
}

}  // namespace catena::sensor
