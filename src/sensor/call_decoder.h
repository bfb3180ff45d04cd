// CallDecoder: the records of system calls (full fidelity), and which events they belong to. Part of the
// decoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <unordered_map>
#include <vector>

#include "event/call.h"
#include "wire/capture.h"

namespace catena::sensor {

class CallDecoder {
  public:
    explicit CallDecoder(std::int64_t boot_to_real_ns) : boot_to_real_ns_(boot_to_real_ns) {}

    // The fixed part of a record and its calls, for which `each` is called in order; false where it is
    // malformed.
    template <class Each>
    bool decode(std::span<const std::byte> record, std::vector<event::Call>& out, Each&& each);

    // The call that an event belongs to, 0 for none. The event's flags say whether it comes before its call
    // or behind it; by its time, a call that was announced is told from the next one, should its record be
    // lost.
    std::int64_t call_of(const cat_event& event);

    // A thread that has ended makes no more calls.
    void forget(std::uint32_t tid) { last_.erase(tid); }

  private:
    struct Last {
        std::int64_t id = 0;
        std::uint64_t boot_ns = 0;  // when it ended, or of the event that announced it
        bool announced = false;     // an event of it came before it
    };
    static bool read_head(std::span<const std::byte> record, cat_calls& head);
    event::Call to_call(const cat_calls& head, const cat_one_call& one, std::span<const std::byte> data);

    std::int64_t boot_to_real_ns_;
    std::int64_t next_ = 1;
    std::unordered_map<std::uint32_t, Last> last_;  // by thread id
};

template <class Each>
bool CallDecoder::decode(std::span<const std::byte> record, std::vector<event::Call>& out, Each&& each) {
    cat_calls head{};
    if (!read_head(record, head)) return false;
    for (std::uint32_t i = 0; i < head.count; ++i) {
        cat_one_call one{};
        std::memcpy(&one, record.data() + sizeof(head) + i * sizeof(one), sizeof(one));
        out.push_back(
            to_call(head, one, record.subspan(sizeof(head) + head.count * sizeof(one), head.data_len)));
        each(head, one, out.back());
    }
    return true;
}

}  // namespace catena::sensor
