#include "sensor/capture_table.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "sys/call_signatures.h"

namespace catena::sensor {
namespace {

static_assert(sys::kMaxCaptureRules == CAT_CAPTURES);
static_assert(static_cast<int>(sys::Abi::X64) == CAT_ABI_X64);
static_assert(static_cast<int>(sys::Abi::I386) == CAT_ABI_I386);
static_assert(static_cast<int>(sys::Abi::X32) == CAT_ABI_X32);
static_assert(static_cast<int>(sys::Capture::String) == CAT_CAPTURE_STRING);
static_assert(static_cast<int>(sys::Capture::Fixed) == CAT_CAPTURE_FIXED);
static_assert(static_cast<int>(sys::Capture::Counted) == CAT_CAPTURE_COUNTED);
static_assert(static_cast<int>(sys::Capture::Returned) == CAT_CAPTURE_RETURNED);
static_assert(static_cast<int>(sys::Capture::Sized) == CAT_CAPTURE_SIZED);
static_assert(static_cast<int>(sys::Capture::Message) == CAT_CAPTURE_MESSAGE);
static_assert(static_cast<int>(sys::Capture::Strings) == CAT_CAPTURE_STRINGS);
static_assert(static_cast<int>(sys::Capture::Bits) == CAT_CAPTURE_ARRAYS);

std::uint32_t flags_of(std::string_view name) {
    if (name == "exit" || name == "exit_group") return CAT_CALL_ENDS;
    if (name == "fork" || name == "vfork" || name == "clone" || name == "clone3") return CAT_CALL_FORKS;
    return 0;
}

cat_capture to_wire(const sys::CaptureRule& rule) {
    return {.kind = static_cast<cat_u8>(rule.how),
            .arg = rule.argument,
            .when = static_cast<cat_u8>(rule.at_exit ? CAT_AT_EXIT : CAT_AT_ENTER),
            .count_arg = rule.count_argument,
            .size = rule.bytes,
            .max = rule.most};
}

}  // namespace

void fill_captures(std::span<cat_captures> rows) {
    for (const sys::Abi abi : {sys::Abi::X64, sys::Abi::I386, sys::Abi::X32}) {
        for (const sys::SyscallRow& call : sys::syscalls(abi)) {
            const std::size_t row = static_cast<std::size_t>(abi) * CAT_CALL_NUMBERS + static_cast<std::size_t>(call.number);
            const sys::Signature* signature = sys::signature_of(call.name, abi);
            if (call.number >= CAT_CALL_NUMBERS || row >= rows.size() || signature == nullptr) continue;
            rows[row].flags = flags_of(call.name);
            for (const sys::CaptureRule& rule : sys::capture_rules(*signature, abi)) {
                rows[row].rules[rows[row].rule_count++] = to_wire(rule);
            }
        }
    }
}

}  // namespace catena::sensor
