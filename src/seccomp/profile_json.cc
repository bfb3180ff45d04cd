#include "seccomp/profile_json.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/fd.h"
#include "event/escape.h"
#include "seccomp/json_fields.h"
#include "seccomp/oci.h"
#include "sys/call_text.h"

namespace catena::seccomp {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

Json texts(const std::vector<std::string>& all) {
    Json json = Json::array();
    for (const std::string& each : all) json.push_back(event::escape(each));
    return json;
}

Json to_json(const ProfileCall& call) {
    Json json = {{"name", call.name}, {"number", call.number}};
    if (call.abi != sys::Abi::X64) json["abi"] = sys::to_string(call.abi);
    json["origin"] = to_string(call.origin);
    json["phase"] = to_string(call.phase);
    if (call.seen > 0) json["seen"] = call.seen;
    for (const ArgumentSet& each : call.arguments) {
        json["arguments"].push_back({{"argument", each.argument},
                                     {"mask", each.mask},
                                     {"values", each.values},
                                     {"origin", to_string(each.origin)}});
    }
    for (const Conditions& conditions : call.when) {
        Json all = Json::array();
        for (const Comparison& each : conditions) {
            Json one = {{"argument", each.argument}, {"op", to_string(each.op)}, {"value", each.value}};
            if (each.op == Compare::MaskedEqual) one["mask"] = each.mask;
            all.push_back(std::move(one));
        }
        json["when"].push_back(std::move(all));
    }
    if (!call.evidence.empty()) json["evidence"] = texts(call.evidence);
    return json;
}

Json to_json(const callgraph::UnresolvedSite& site) {
    Json json = {{"binary", event::escape(site.binary)},
                 {"address", site.address},
                 {"function", event::escape(site.function)},
                 {"reason", event::escape(site.reason)}};
    if (site.numbers) json["numbers"] = *site.numbers;
    return json;
}

std::vector<std::string> read_texts(Fields& fields, const char* name) {
    std::vector<std::string> all;
    fields.each(name, [&](Fields& each) { all.push_back(event::unescape(each.own_text())); });
    return all;
}

Conditions read_conditions(Fields& fields) {
    Conditions conditions;
    fields.each_own([&](Fields& each) {
        Comparison comparison;
        comparison.argument = static_cast<std::uint32_t>(each.number("argument", 0, 5));
        comparison.value = each.number("value", 0, ~std::uint64_t{0});
        if (const auto op = compare_from_string(each.text("op"))) {
            comparison.op = *op;
        } else {
            each.wrong("op", "is none of ==, !=, <, <=, >, >=, &");
        }
        if (comparison.op == Compare::MaskedEqual)
            comparison.mask = each.number("mask", 0, ~std::uint64_t{0});
        conditions.push_back(comparison);
    });
    if (conditions.empty()) fields.wrong("", "has no condition");
    return conditions;
}

ArgumentSet read_argument(Fields& fields) {
    ArgumentSet set;
    set.argument = static_cast<std::uint32_t>(fields.number("argument", 0, 5));
    if (fields.has("mask")) set.mask = fields.number("mask", 0, ~std::uint64_t{0});
    fields.each("values", [&](Fields& each) { set.values.push_back(each.own_number(0, ~std::uint64_t{0})); });
    const auto origin = origin_from_string(fields.optional_text("origin", "user"));
    if (!origin) fields.wrong("origin", "is none of observed, static, both, user");
    set.origin = origin.value_or(Origin::User);
    return set;
}

// The number, checked against the name; names that no table has are kept to be told all at once.
void read_name(Fields& fields, ProfileCall& call, std::set<std::string>& unknown) {
    call.name = fields.text("name");
    const auto known = sys::syscall_number(call.name, call.abi);
    if (!fields.has("number")) {
        if (!known) unknown.insert(call.name);
        call.number = static_cast<std::uint32_t>(known.value_or(0));
        return;
    }
    // Newer calls than our table are named by their number, with bit 30 out of the way.
    call.number = static_cast<std::uint32_t>(fields.number("number", 0, 0x3fffffff));
    const std::string expected = sys::call_name(call.abi, call.number);
    if (call.name == expected) return;
    if (!known)
        unknown.insert(call.name);
    else
        fields.wrong("number", fmt::format("is {}, but {} is {}", call.number, call.name, *known));
}

ProfileCall read_call(Fields& fields, std::set<std::string>& unknown) {
    ProfileCall call;
    const std::string abi = fields.optional_text("abi", "x86-64");
    call.abi = abi == "i386" ? sys::Abi::I386 : sys::Abi::X64;
    if (abi != "x86-64" && abi != "i386")
        fields.wrong("abi", "is neither x86-64 nor i386; x32 cannot be allowed");
    read_name(fields, call, unknown);
    const auto origin = origin_from_string(fields.optional_text("origin", "user"));
    const auto phase = phase_from_string(fields.optional_text("phase", "both"));
    if (!origin) fields.wrong("origin", "is none of observed, static, both, user");
    if (!phase) fields.wrong("phase", "is none of start-up, serving, both");
    call.origin = origin.value_or(Origin::User);
    call.phase = phase.value_or(Phase::Both);
    call.seen = fields.has("seen") ? fields.number("seen", 0, ~std::uint64_t{0}) : 0;
    fields.each("arguments", [&](Fields& each) { call.arguments.push_back(read_argument(each)); });
    fields.each("when", [&](Fields& each) { call.when.push_back(read_conditions(each)); });
    call.evidence = read_texts(fields, "evidence");
    return call;
}

callgraph::UnresolvedSite read_site(Fields& fields) {
    callgraph::UnresolvedSite site;
    site.binary = event::unescape(fields.text("binary"));
    site.address = fields.number("address", 0, ~std::uint64_t{0});
    site.function = event::unescape(fields.optional_text("function", ""));
    site.reason = event::unescape(fields.optional_text("reason", ""));
    if (fields.has("numbers")) {
        site.numbers.emplace();
        fields.each("numbers", [&](Fields& each) {
            site.numbers->push_back(static_cast<std::uint32_t>(each.own_number(0, 0xffffffff)));
        });
    }
    return site;
}

base::Status check(const Profile& profile, const std::set<std::string>& unknown) {
    if (!unknown.empty()) {
        return base::fail(
            base::ErrorCode::BadInput,
            fmt::format("these system calls are not known: {}; calls that are newer than Catena "
                        "are named by number, as syscall_0x1d9",
                        event::escape_for_terminal(fmt::format("{}", fmt::join(unknown, ", ")))));
    }
    if (profile.calls.empty()) {
        return base::fail(base::ErrorCode::BadInput,
                          "the profile allows no system call at all: no program could even end under it");
    }
    std::set<std::pair<sys::Abi, std::uint32_t>> seen;
    for (const ProfileCall& call : profile.calls) {
        if (!seen.emplace(call.abi, call.number).second)
            return base::fail(base::ErrorCode::BadInput, call.name + " is in the profile twice");
    }
    for (const std::string& name : profile.serving_begins) {
        if (!sys::syscall_number(name))
            return base::fail(base::ErrorCode::BadInput,
                              "serving_begins: there is no call " + event::escape_for_terminal(name));
    }
    return {};
}

base::Result<Profile> from_json(const nlohmann::json& json) {
    base::Status status;
    Fields fields(json, "", status);
    if (fields.number("catena_profile", 0, ~std::uint64_t{0}) != kVersion && status) {
        return base::fail(base::ErrorCode::BadInput,
                          fmt::format("the profile has a format of another version than {}", kVersion));
    }
    Profile profile;
    profile.program = event::unescape(fields.optional_text("program", ""));
    const std::string denied = fields.optional_text("denied", "refuse");
    if (denied != "refuse" && denied != "log") fields.wrong("denied", "is neither refuse nor log");
    profile.on_denied = denied == "log" ? OnDenied::Log : OnDenied::Refuse;
    profile.serving_begins = read_texts(fields, "serving_begins");
    profile.evidence = read_texts(fields, "evidence");
    profile.doubts = read_texts(fields, "doubts");
    std::set<std::string> unknown;
    fields.each("calls", [&](Fields& each) { profile.calls.push_back(read_call(each, unknown)); });
    fields.each("unresolved", [&](Fields& each) { profile.unresolved.push_back(read_site(each)); });
    if (!status) return std::unexpected(std::move(status).error());
    if (auto checked = check(profile, unknown); !checked) return std::unexpected(std::move(checked).error());
    normalize(profile);
    return profile;
}

base::Status write_all(const base::Fd& fd, const std::string& path, std::string_view text) {
    while (!text.empty()) {
        const ssize_t put = ::write(fd.get(), text.data(), text.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return base::fail_errno("cannot write " + path);
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
}

}  // namespace

std::string to_json(const Profile& profile) {
    Json head = {{"catena_profile", kVersion}, {"program", event::escape(profile.program)}};
    head["denied"] = profile.on_denied == OnDenied::Log ? "log" : "refuse";
    if (!profile.serving_begins.empty()) head["serving_begins"] = profile.serving_begins;
    head["evidence"] = texts(profile.evidence);
    head["doubts"] = texts(profile.doubts);
    head["unresolved"] = Json::array();
    for (const callgraph::UnresolvedSite& site : profile.unresolved)
        head["unresolved"].push_back(to_json(site));
    // A call a line, so that line-based tools show what changed.
    std::string text = head.dump(1);
    text.erase(text.rfind('\n'));
    text += ",\n \"calls\": [";
    const char* separator = "\n  ";
    for (const ProfileCall& call : profile.calls)
        text += std::exchange(separator, ",\n  ") + to_json(call).dump();
    return text + "\n ]\n}\n";
}

base::Result<Profile> profile_from_json(std::string_view text) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_discarded()) return base::fail(base::ErrorCode::BadInput, "it is not JSON, or is cut short");
    if (!json.is_object()) return base::fail(base::ErrorCode::BadInput, "it is not a JSON object");
    if (is_oci(json)) return profile_from_oci(json);
    if (!json.contains("catena_profile")) {
        return base::fail(base::ErrorCode::BadInput,
                          "it is no profile: it has neither catena_profile nor OCI's defaultAction");
    }
    return from_json(json);
}

base::Result<Profile> read_profile(const std::string& path) {
    const base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd && errno == ENOENT)
        return base::fail(base::ErrorCode::NotFound, path + ": there is no such file");
    if (!fd) return base::fail_errno(path);
    std::string text;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return base::fail_errno(path);
        if (got == 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
        if (text.size() > kMaxProfileBytes)
            return base::fail(base::ErrorCode::BadInput, path + ": it is larger than any profile (16 MiB)");
    }
    auto profile = profile_from_json(text);
    if (!profile) return std::unexpected(std::move(profile).error().with_context(path));
    return profile;
}

base::Status write_file(const std::string& path, std::string_view text) {
    struct stat old{};
    const bool exists = ::stat(path.c_str(), &old) == 0;
    // A device or a pipe is written to, and never replaced: /dev/null has to stay what it is.
    if (exists && !S_ISREG(old.st_mode)) {
        const base::Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        return fd ? write_all(fd, path, text) : base::fail_errno("cannot write " + path);
    }
    const std::string part = fmt::format("{}.part{}", path, ::getpid());
    const mode_t mode = exists ? old.st_mode & 0777U : 0666U;
    const base::Fd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return base::fail_errno("cannot write " + part);
    base::Status written = write_all(fd, part, text);
    if (written && (::fsync(fd.get()) != 0 || std::rename(part.c_str(), path.c_str()) != 0))
        written = base::fail_errno("cannot replace " + path);
    if (!written) ::unlink(part.c_str());
    return written;
}

}  // namespace catena::seccomp
