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
    call.id = last.announced ? last.id : next_++;
    last = {.id = call.id, .nr = one.nr, .abi = one.abi, .announced = false};
    const auto real = [&](std::uint64_t ns) {
        return ns == 0 ? 0 : static_cast<std::int64_t>(ns) + boot_to_real_ns_;
    };
    call.enter_ns = real(one.enter_ns);
    call.exit_ns = real(one.exit_ns);
    call.process = {head.process};
    call.tid = static_cast<std::int32_t>(head.tid);
    call.abi = one.abi < CAT_ABIS ? static_cast<sys::Abi>(one.abi) : sys::Abi::X64;
    call.nr = one.nr;
    call.returned = (one.flags & CAT_CALL_RETURNED) != 0;
    call.ret = one.ret;
    for (std::size_t i = 0; i < call.args.size(); ++i) call.args[i] = one.args[i];
    call.data.assign(reinterpret_cast<const char*>(data.data()), data.size());
    return call;
}

std::int64_t CallDecoder::call_of(const cat_event& event) {
    if ((event.flags & CAT_FLAG_IN_CALL) != 0) {
        Last& last = last_[event.tid];
        if (!last.announced)
            last = {.id = next_++, .nr = event.syscall, .abi = CAT_ABI_X64, .announced = true};
        return last.id;
    }
    const auto found = last_.find(event.tid);
    if (found == last_.end() || found->second.announced) return 0;
    // Another number: the call's own record was lost.
    const bool same = found->second.abi != CAT_ABI_X64 || found->second.nr == event.syscall;
    return same ? found->second.id : 0;
}

}  // namespace catena::sensor
