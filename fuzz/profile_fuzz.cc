// Profiles as anybody may have written them, ours and OCI's. What is read has to be written, and read again,
// as the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "seccomp/filter.h"
#include "seccomp/oci.h"
#include "seccomp/profile_json.h"
#include "seccomp/systemd.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace catena::seccomp;  // NOLINT(google-build-using-namespace): for these few lines
    const auto profile = profile_from_json({reinterpret_cast<const char*>(data), size});
    if (!profile) return 0;
    const auto again = profile_from_json(to_json(*profile));
    if (!again || again->calls != profile->calls || to_json(*again) != to_json(*profile)) std::abort();
    if (!profile_from_json(to_oci(*profile))) {
        // Calls without a name in any table are all that OCI's form loses.
        for (const ProfileCall& call : profile->calls) {
            if (!catena::sys::syscall_name(static_cast<int>(call.number), call.abi).empty()) std::abort();
        }
    }
    if (to_systemd(*profile).empty()) std::abort();
    constexpr std::size_t kFewCalls = 20;  // more take libseccomp too long for a fuzzer
    if (profile->calls.size() <= kFewCalls) (void)compile(*profile, FilterUse::Alone);
    return 0;
}
