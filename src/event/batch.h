// Batch: what a recorder hands over in one go, from the decoder to the store.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "event/call.h"
#include "event/entity.h"
#include "event/event.h"
#include "event/function.h"

namespace catena::event {

// What a recorder hands over in one go. Rows are appended in this order and become visible together.
struct Batch {
    std::vector<Event> events;
    std::vector<Call> calls;
    std::vector<ProcessImage> processes;
    std::vector<FileName> files;
    std::vector<Socket> sockets;  // a socket that learns its peer later is written again; the last row holds
    std::vector<Object> objects;
    std::vector<Accounting> accounting;
    std::vector<Function> functions;
    std::vector<FunctionCall> function_calls;
    std::vector<FunctionReturn> function_returns;
    std::vector<FunctionCount> function_counts;
    std::vector<FunctionContext> function_contexts;
    std::map<std::string, std::string> meta;  // later values replace earlier ones

    [[nodiscard]] bool empty() const {
        return events.empty() && calls.empty() && processes.empty() && files.empty() && sockets.empty() &&
               objects.empty() && accounting.empty() && functions.empty() && function_calls.empty() &&
               function_returns.empty() && function_counts.empty() && function_contexts.empty() &&
               meta.empty();
    }
};

}  // namespace catena::event
