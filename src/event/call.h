// Call: one system call of a recording made with full fidelity.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "event/entity.h"
#include "sys/syscalls.h"

namespace catena::event {

struct Call {
    std::int64_t id = 0;        // 1, 2, … in the order of arrival
    std::int64_t enter_ns = 0;  // nanoseconds since 1970; 0 where the entry was not seen
    std::int64_t exit_ns = 0;   // 0 where it has not returned
    EntityId process;
    std::int32_t tid = 0;
    sys::Abi abi = sys::Abi::X64;
    std::uint32_t nr = 0;
    bool returned = true;
    std::int64_t ret = 0;
    std::array<std::uint64_t, 6> args{};
    std::uint32_t context = 0;  // as of Event
    std::string data;           // memory that was captured: sys::RawCall::data
};

}  // namespace catena::event
