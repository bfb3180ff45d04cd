#include "sys/errno_names.h"

#include <cstring>

namespace catena::sys {
namespace {

// include/linux/errno.h of the kernel: a call that a signal interrupted has these when tracing sees it,
// before the kernel turns them into EINTR or restarts the call.
const char* kernel_errno_name(int number) {
    switch (number) {
        case 512:
            return "ERESTARTSYS";
        case 513:
            return "ERESTARTNOINTR";
        case 514:
            return "ERESTARTNOHAND";
        case 515:
            return "ENOIOCTLCMD";
        case 516:
            return "ERESTART_RESTARTBLOCK";
        case 517:
            return "EPROBE_DEFER";
        case 524:
            return "ENOTSUPP";
        case 529:
            return "EIOCBQUEUED";
        default:
            return nullptr;
    }
}

}  // namespace

std::string errno_name(int number) {
    if (const char* name = kernel_errno_name(number)) return name;
    if (const char* name = ::strerrorname_np(number)) return name;
    return std::to_string(number);
}

}  // namespace catena::sys
