#include "sys/call_signatures.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "sys/call_signatures_table.h"

namespace catena::sys {
namespace {

using Index = std::unordered_map<std::string_view, const Signature*>;

Index index_of(std::span<const Signature> rows) {
    Index index;
    for (const Signature& row : rows) index.emplace(row.name, &row);
    return index;
}

const Signature* find(const Index& index, std::string_view name) {
    const auto found = index.find(name);
    return found == index.end() ? nullptr : found->second;
}

struct Bytes {
    Kind kind;
    std::uint16_t of_x64;  // and x32, whose times and longs have 64 bits
    std::uint16_t of_i386;
    std::uint16_t of_x32 = 0;  // where it has pointers: as i386's
};

constexpr Bytes kBytes[] = {
    {Kind::Vectors, 16, 8, 8},       {Kind::Messages, 64, 32, 32},
    {Kind::PollFds, 8, 8},           {Kind::EpollEvent, 12, 12},
    {Kind::EpollEvents, 12, 12},     {Kind::FdPair, 8, 8},
    {Kind::IntPointer, 4, 4},        {Kind::LongPointer, 8, 4, 4},
    {Kind::Int64Pointer, 8, 8},      {Kind::Ids, 4, 4},
    {Kind::SmallIds, 2, 2},          {Kind::SignalSet, 8, 8},
    {Kind::OldSignalSet, 4, 4},      {Kind::SignalAction, 32, 20, 24},
    {Kind::OldSignalAction, 16, 16}, {Kind::SignalStack, 24, 12, 12},
    {Kind::SignalInfo, 32, 28, 28},  {Kind::Timespec, 16, 8},
    {Kind::Timespec64, 16, 16},      {Kind::Timespecs, 32, 16},
    {Kind::Timespecs64, 32, 32},     {Kind::Timeval, 16, 8},
    {Kind::Timevals, 32, 16},        {Kind::Itimerval, 32, 16},
    {Kind::Itimerspec, 32, 16},      {Kind::Itimerspec64, 32, 32},
    {Kind::Utimbuf, 16, 8},          {Kind::Rlimit, 16, 8},
    {Kind::Rlimit64, 16, 16},        {Kind::Stat, 144, 64},
    {Kind::Stat64, 96, 96},          {Kind::Statx, 64, 64},
    {Kind::Utsname, 195, 195},       {Kind::OpenHow, 24, 24},
    {Kind::CloneArgs, 88, 88},       {Kind::WaitStatus, 4, 4},
    {Kind::SchedParam, 4, 4},        {Kind::SchedAttr, 48, 48},
    {Kind::CapHeader, 8, 8},         {Kind::CapData, 24, 24},
    {Kind::SemaphoreOps, 6, 6},      {Kind::UringParams, 40, 40},
    {Kind::MountAttr, 32, 32},       {Kind::BpfAttr, 1, 1},
    {Kind::PerfAttr, 24, 24},        {Kind::Numbers, 24, 24},
};

constexpr std::uint16_t kAddressBytes = 128;  // struct sockaddr_storage
constexpr std::uint16_t kArrayBytes = 512;
constexpr std::uint16_t kMessages = 4;

// The rule for an argument at one moment.
CaptureRule rule_at(const Argument& argument, std::uint8_t index, Abi abi, bool at_exit) {
    const auto counter = static_cast<std::uint8_t>(argument.count >= 0 ? argument.count : index + 1);
    const auto bytes = static_cast<std::uint16_t>(memory_bytes(argument.kind, abi));
    const auto pointer = static_cast<std::uint16_t>(pointer_bytes(abi));
    CaptureRule rule{.how = Capture::Fixed,
                     .argument = index,
                     .at_exit = at_exit,
                     .count_argument = counter,
                     .bytes = bytes,
                     .most = bytes};
    const auto array = [&](Capture how, std::uint16_t most) {
        rule.how = how;
        rule.most = most;
    };
    switch (argument.kind) {
        case Kind::Path:
        case Kind::String:
            array(Capture::String, 0);
            break;
        case Kind::Strings:
            array(Capture::Strings, 0);
            rule.bytes = pointer;
            break;
        case Kind::Message:
            array(Capture::Message, 0);
            rule.bytes = pointer;
            break;
        case Kind::Sockaddr:
            rule.bytes = 1;
            array(at_exit ? Capture::Sized : Capture::Counted, kAddressBytes);
            break;
        case Kind::Vectors:
        case Kind::PollFds:
        case Kind::SemaphoreOps:
            array(Capture::Counted, kArrayBytes);
            break;
        case Kind::BpfAttr:
            array(Capture::Counted, kAddressBytes);
            break;
        case Kind::Messages:
            array(at_exit ? Capture::Returned : Capture::Counted,
                  static_cast<std::uint16_t>(kMessages * bytes));
            break;
        case Kind::EpollEvents:
            array(Capture::Returned, 32 * 12);
            break;
        case Kind::Ids:
        case Kind::SmallIds:
            array(at_exit ? Capture::Returned : Capture::Counted, kArrayBytes);
            rule.count_argument = static_cast<std::uint8_t>(index - 1);
            break;
        case Kind::FdSet:
            array(Capture::Bits, kAddressBytes);
            break;
        default:
            if (bytes == 0) rule.how = Capture::None;
    }
    return rule;
}

}  // namespace

std::span<const Signature> signatures(Abi abi) {
    return abi == Abi::I386 ? std::span<const Signature>(kSignaturesI386)
                            : std::span<const Signature>(kSignatures);
}

const Signature* signature_of(std::string_view name, Abi abi) {
    static const Index common = index_of(kSignatures);
    static const Index i386 = index_of(kSignaturesI386);
    if (abi == Abi::I386) {
        if (const Signature* own = find(i386, name)) return own;
    }
    return find(common, name);
}

std::uint32_t memory_bytes(Kind kind, Abi abi) {
    const auto* row = std::ranges::find(kBytes, kind, &Bytes::kind);
    if (row == std::end(kBytes)) return 0;
    if (abi == Abi::I386) return row->of_i386;
    return abi == Abi::X32 && row->of_x32 != 0 ? row->of_x32 : row->of_x64;
}

std::vector<CaptureRule> capture_rules(const Signature& signature, Abi abi) {
    std::vector<CaptureRule> rules;
    for (std::size_t i = 0; i < signature.size(); ++i) {
        const Argument& argument = signature.arguments[i];
        const auto index = static_cast<std::uint8_t>(i);
        for (const bool at_exit : {false, true}) {
            if (at_exit ? argument.when == When::In : argument.when == When::Out) continue;
            const CaptureRule rule = rule_at(argument, index, abi, at_exit);
            if (rule.how != Capture::None && rules.size() < kMaxCaptureRules) rules.push_back(rule);
        }
    }
    return rules;
}

}  // namespace catena::sys
