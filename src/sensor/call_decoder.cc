#include "sensor/call_decoder.h"

#include <cstring>

namespace catena::sensor {
namespace {

constexpr std::size_t kMaxThreads = 1U
                                    << 18U;  // beyond, events of threads that went on unseen lose their calls

}  // namespace

bool CallDecoder::read_head(std::span<const std::byte> record, cat_calls& head) {
    if (record.size() < sizeof(head)) return false;
    std::memcpy(&head, record.data(), sizeof(head));
    if (head.count == 0 || head.count > CAT_BATCH || head.data_len > CAT_CALL_DATA) return false;
    if (head.data_len != 0 && head.count != 1) return false;
    return record.size() >= sizeof(head) + head.count * sizeof(cat_one_call) + head.data_len;
}

event::Call CallDecoder::to_call(const cat_calls& head, const cat_one_call& one,
                                 std::span<const std::byte> data) {
    event::Call call;
    if (last_.size() > kMaxThreads) last_.clear();
    Last& last = last_[head.tid];
    const bool is_announced =
        last.announced && one.enter_ns <= last.boot_ns && (one.exit_ns == 0 || last.boot_ns <= one.exit_ns);
    call.id = is_announced ? last.id : next_++;
    // A batch that an iterator sends may come behind the record of a later call.
    const std::uint64_t end_ns = one.exit_ns != 0 ? one.exit_ns : one.enter_ns;
    if (is_announced || end_ns >= last.boot_ns) last = {.id = call.id, .boot_ns = end_ns, .announced = false};
    const auto real = [&](std::uint64_t ns) {
        return ns == 0 ? 0 : static_cast<std::int64_t>(ns) + boot_to_real_ns_;
    };
    call.enter_ns = real(one.enter_ns);
    call.exit_ns = real(one.exit_ns);
    call.process = {head.process};
    call.tid = static_cast<std::int32_t>(head.tid);
    call.abi = one.abi < CAT_ABIS ? static_cast<sys::Abi>(one.abi) : sys::Abi::X64;
    call.nr = one.nr;
    call.context = one.context;
    call.returned = (one.flags & CAT_CALL_RETURNED) != 0;
    call.ret = one.ret;
    for (std::size_t i = 0; i < call.args.size(); ++i) call.args[i] = one.args[i];
    call.data.assign(reinterpret_cast<const char*>(data.data()), data.size());
    return call;
}

std::int64_t CallDecoder::call_of(const cat_event& event) {
    if ((event.flags & CAT_FLAG_NO_CALL) != 0) return 0;
    const auto found = last_.find(event.tid);
    if ((event.flags & CAT_FLAG_IN_CALL) == 0) {
        return found == last_.end() || found->second.announced ? 0 : found->second.id;
    }
    Last& last = found == last_.end() ? last_[event.tid] : found->second;
    const std::int64_t id = last.announced ? last.id : next_++;
    last = {.id = id, .boot_ns = event.header.ts_ns, .announced = true};
    return id;
}

}  // namespace catena::sensor
