#include "seccomp/diff.h"

#include <tuple>

namespace catena::seccomp {

std::vector<Difference> differences(const Profile& first, const Profile& second) {
    using Kind = Difference::Kind;
    std::vector<Difference> all;
    auto a = first.calls.begin();
    auto b = second.calls.begin();
    const auto key = [](const ProfileCall& call) { return std::tuple(call.abi, call.number); };
    while (a != first.calls.end() || b != second.calls.end()) {
        if (b == second.calls.end() || (a != first.calls.end() && key(*a) < key(*b))) {
            all.push_back({.kind = Kind::OnlyFirst, .first = &*a++});
        } else if (a == first.calls.end() || key(*b) < key(*a)) {
            all.push_back({.kind = Kind::OnlySecond, .second = &*b++});
        } else {
            if (a->when != b->when) all.push_back({Kind::Arguments, &*a, &*b});
            if (a->phase != b->phase) all.push_back({Kind::Phase, &*a, &*b});
            ++a;
            ++b;
        }
    }
    return all;
}

}  // namespace catena::seccomp
