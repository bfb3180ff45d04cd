// Whatever a cgroup's path looks like, what is said of it is made of its own bytes; a container has a
// runtime, and a runtime a container.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sys/attribution.h"

namespace {

void require_part(std::string_view whole, const std::string& part) {
    if (!whole.contains(part)) std::abort();
}

void check(std::string_view input, const catena::sys::CgroupAttribution& found) {
    if (found.runtime.empty() != found.container.empty()) std::abort();
    for (const std::string& part : {found.unit, found.user_unit, found.slice, found.session_scope})
        require_part(input, part);
    // Both may have been unescaped, or have had dashes put into them.
    if (found.container.size() > input.size() || found.pod.size() > input.size()) std::abort();
    if (!found.session_scope.empty() && found.session_scope != found.unit) std::abort();
    if (!found.user_unit.empty() && found.unit.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check(bytes, catena::sys::attribute_cgroup(bytes));
    check(bytes, catena::sys::attribute_proc_cgroup(bytes));
    if (catena::sys::unescape_unit(bytes).size() > size) std::abort();
    return 0;
}
