#include "sys/call_name_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "sys/call_names_table.h"
#include "sys/ioctl_names_table.h"

namespace catena::sys {
namespace {

// In the order of enum Names.
constexpr std::array<std::span<const FlagRow>, 121> kLists = {{
    {},
    kAtFlags,
    kUnlinkFlags,
    kFaccessFlags,
    kAccessChecks,
    kMremapFlags,
    kMsyncFlags,
    kMadviseAdvice,
    kFadviseAdvice,
    kMlockFlags,
    kMlockallFlags,
    kMessageFlags,
    kSocketLevels,
    kSocketOptions,
    kTcpOptions,
    kIpOptions,
    kIp6Options,
    kNetlinkOptions,
    kPacketOptions,
    kInetProtocols,
    kNetlinkProtocols,
    kShutdownHow,
    kEpollOps,
    kEpollEvents,
    kEpollFlags,
    kEventfdFlags,
    kSignalfdFlags,
    kTimerfdFlags,
    kTimerfdSetFlags,
    kInotifyFlags,
    kInotifyMask,
    kFanotifyFlags,
    kFanotifyMarkFlags,
    kFanotifyMask,
    kPollEvents,
    kFcntlCommands,
    kFdFlags,
    kLockTypes,
    kSealFlags,
    kFlockOps,
    kSeekWhence,
    kRenameFlags,
    kStatxMask,
    kMountFlags,
    kUmountFlags,
    kPrctlOptions,
    kArchPrctlCodes,
    kFutexOps,
    kFutexFlags,
    kFutex2Flags,
    kClockIds,
    kTimerFlags,
    kRlimitResources,
    kRusageWho,
    kItimerWhich,
    kWaitOptions,
    kWait4Options,
    kWaitIdTypes,
    kSigmaskHow,
    kSigactionFlags,
    kSigaltstackFlags,
    kSchedPolicies,
    kSchedFlags,
    kPriorityWhich,
    kIoprioWho,
    kKeyctlOps,
    kKeySpecs,
    kBpfCommands,
    kPerfFlags,
    kPidfdFlags,
    kPidfdSignalFlags,
    kMemfdFlags,
    kGetrandomFlags,
    kSpliceFlags,
    kCloseRangeFlags,
    kResolveFlags,
    kSeccompOps,
    kSeccompFlags,
    kSeccompModes,
    kMembarrierCommands,
    kUserfaultfdFlags,
    kUringEnterFlags,
    kUringSetupFlags,
    kUringRegisterOps,
    kRwFlags,
    kSyncFileRangeFlags,
    kFallocateModes,
    kXattrFlags,
    kKcmpTypes,
    kPersonalityFlags,
    kRebootCommands,
    kIpcFlags,
    kIpcCommands,
    kSemaphoreCommands,
    kMessageQueueCommands,
    kMessageQueueFlags,
    kShmFlags,
    kShmatFlags,
    kSwapFlags,
    kModuleFlags,
    kMountAttrs,
    kFsopenFlags,
    kFsmountFlags,
    kFspickFlags,
    kFsconfigCommands,
    kMoveMountFlags,
    kOpenTreeFlags,
    kLandlockFlags,
    kLandlockRules,
    kNumaModes,
    kMbindFlags,
    kMempolicyFlags,
    kRseqFlags,
    kKexecFlags,
    kKexecFileFlags,
    kHandleFlags,
    kSocketCalls,
    kSyslogActions,
    kIpcCalls,
    kDescriptorFlags,
    kSocketFlags,
}};

std::span<const FlagRow> rows_of(Names list) {
    const auto index = static_cast<std::size_t>(list);
    return index < kLists.size() ? kLists[index] : std::span<const FlagRow>();
}

}  // namespace

std::string flag_names(std::uint64_t bits, Names list) {
    if (bits == 0) return "0";
    std::string text;
    for (const FlagRow& row : rows_of(list)) {
        if (row.bits == 0 || (bits & row.bits) != row.bits) continue;
        if (!text.empty()) text += '|';
        text += row.name;
        bits &= ~row.bits;
    }
    if (bits != 0) text += fmt::format("{}{:#x}", text.empty() ? "" : "|", bits);
    return text;
}

std::string value_name(std::uint64_t value, Names list) {
    const auto rows = rows_of(list);
    const auto row = std::ranges::find(rows, value, &FlagRow::bits);
    if (row != rows.end()) return std::string(row->name);
    return value < 1024 ? fmt::format("{}", value) : fmt::format("{:#x}", value);
}

std::string ioctl_request(std::uint32_t request) {
    const auto* row = std::ranges::lower_bound(kIoctlRequests, request, {}, &NumberRow::number);
    if (row != std::end(kIoctlRequests) && row->number == request) return std::string(row->name);
    static constexpr std::array<std::string_view, 4> kDirections = {"_IOC_NONE", "_IOC_WRITE", "_IOC_READ",
                                                                    "_IOC_READ|_IOC_WRITE"};
    return fmt::format("_IOC({}, {:#x}, {:#x}, {:#x})", kDirections[request >> 30U], request >> 8U & 0xffU,
                       request & 0xffU, request >> 16U & 0x3fffU);
}

bool has_names(Names list) { return !rows_of(list).empty(); }

}  // namespace catena::sys
