// Files are analysed one by one, then linked, then gone through from the entries. What turns out to be opened
// by what can run is added, and all is linked again, until nothing is added.
#include "callgraph/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <utility>

#include "callgraph/analyze_object.h"
#include "callgraph/binder.h"
#include "callgraph/code_scan.h"
#include "callgraph/entries.h"
#include "callgraph/gates.h"
#include "callgraph/later.h"
#include "callgraph/reachable.h"
#include "callgraph/slots.h"

namespace catena::callgraph {
namespace {

constexpr unsigned kMaxRounds = 8;

std::uint32_t number_of(ObjectId id) { return static_cast<std::uint32_t>(index_of(id)); }

// Addresses of the functions that can be found by name.
std::vector<std::uint64_t> exports_of(const Object& object) {
    std::vector<std::uint64_t> exports;
    for (std::uint32_t i = 1; i < object.symbols.count(); ++i) {
        const auto symbol = object.symbols.at(i);
        if (!symbol || symbol->st_shndx == SHN_UNDEF) continue;
        const auto type = ELF64_ST_TYPE(symbol->st_info);
        if (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE || type == STT_OBJECT)
            exports.push_back(symbol->st_value);
    }
    return exports;
}

}  // namespace

base::Result<std::unique_ptr<Program>> Program::analyze(const std::string& path,
                                                        const ProgramOptions& options) {
    auto loaded = Loaded::load(path, options.load);
    if (!loaded) return std::unexpected(std::move(loaded).error());
    std::unique_ptr<Program> program(new Program(std::move(*loaded), options.cache_folder));
    if (auto status = program->run(options); !status) return std::unexpected(std::move(status).error());
    return program;
}

base::Status Program::run(const ProgramOptions& options) {
    for (const std::string& each : options.also) {
        const auto added = loaded_.add({.reason = LoadReason::User, .name = each, .why = "--also"});
        if (!added) return std::unexpected(added.error());
    }
    for (unsigned round = 0; round < kMaxRounds; ++round) {
        analyze_objects();
        if (auto status = link(options); !status) return status;
        reach_ = std::make_unique<Reach>(linked_);
        reach_->run();
        if (!open_more()) return {};
    }
    doubts_.emplace_back("libraries open libraries that open libraries; the last of them were not looked at");
    return {};
}

// The largest files first, so that no thread is left alone with one at the end.
void Program::analyze_objects() {
    std::vector<ObjectId> open;
    codes_.resize(loaded_.size());
    for (const ObjectId id : loaded_.ids()) {
        if (codes_[index_of(id)] == nullptr) open.push_back(id);
    }
    std::ranges::sort(open, std::greater{},
                      [&](ObjectId id) { return loaded_.object(id).image.bytes().size(); });
    std::vector<std::string> problems(open.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t i = next++; i < open.size(); i = next++) {
            const elf::Image& image = loaded_.object(open[i]).image;
            if (auto known = cache_.find(image)) {
                codes_[index_of(open[i])] = std::make_unique<ObjectCode>(std::move(*known));
                continue;
            }
            auto code = analyze_object(image);
            if (code) cache_.keep(image, *code);
            if (!code) problems[i] = code.error().message;
            codes_[index_of(open[i])] = std::make_unique<ObjectCode>(code ? std::move(*code) : ObjectCode{});
        }
    };
    const std::size_t helpers =
        std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()) - 1, open.size());
    {
        std::vector<std::jthread> threads;
        threads.reserve(helpers);
        for (std::size_t i = 0; i < helpers; ++i) threads.emplace_back(work);
        work();
    }
    for (const std::string& each : problems) {
        if (!each.empty()) doubts_.push_back(each);
    }
}

base::Status Program::link(const ProgramOptions& options) {
    linked_ = {};
    binder_ = std::make_unique<Binder>(loaded_);
    const auto tables = resolve_slots(loaded_, *binder_);
    linked_.objects.resize(loaded_.size());
    for (const ObjectId id : loaded_.ids()) link_object(id, tables[index_of(id)]);
    linked_.definitions = [this](std::string_view name) {
        std::vector<Place> places;
        for (const Definition& each : binder_->definitions(name))
            places.push_back({number_of(each.object), each.address});
        return places;
    };
    if (nss_ == nullptr) nss_ = std::make_unique<NssConfiguration>(loaded_.root());
    set_gates(linked_, *nss_);
    return enter(options, tables);
}

void Program::link_object(ObjectId id, const SlotTable& table) {
    const Object& object = loaded_.object(id);
    LinkedObject& linked = linked_.objects[index_of(id)];
    linked.path = object.path;
    linked.interpreter = loaded_.interpreter() == id && id != kProgram;
    linked.code = codes_[index_of(id)].get();
    linked.bound.resize(linked.code->pointers.size());
    for (std::size_t i = 0; i < linked.bound.size(); ++i) {
        if (linked.code->pointers[i].kind != PointerKind::Symbol) continue;
        const Slot* slot = table.at(linked.code->pointers[i].at);
        if (slot == nullptr || slot->undefined) continue;
        linked.bound[i] = {.place = {number_of(slot->object), slot->target}, .resolver = slot->ifunc};
    }
    for (const Copy& each : table.copies)
        linked.copied.push_back({{number_of(each.source.object), each.source.address}, each.size_bytes});
    const bool library = id == kProgram && loaded_.kind() == ProgramKind::Library;
    linked.opened_later = library || (object.additional() && object.opened_with == id);
    if (linked.opened_later) linked.exports = exports_of(object);
}

base::Status Program::enter(const ProgramOptions& options, const std::vector<SlotTable>& tables) {
    for (const std::string& each : options.from) {
        bool found = false;
        for (const CodeFunction& function : linked_.objects.front().code->functions) {
            if (function.name != each && fmt::format("{:#x}", function.address) != each) continue;
            linked_.entries.push_back({.place = {0, function.address}, .why = "--from"});
            found = true;
        }
        if (!found)
            return base::fail(base::ErrorCode::NotFound,
                              fmt::format("{} has no function {}; --what functions lists those it has",
                                          linked_.objects.front().path, each));
    }
    if (!options.from.empty()) return {};
    for (const Entry& each : entries(loaded_, tables))
        linked_.entries.push_back({.place = {number_of(each.object), each.address},
                                   .why = std::string(to_string(each.kind)),
                                   .resolver = each.kind == EntryKind::IfuncResolver});
    return {};
}

// Opens what code that can run opens; whether that was anything new.
bool Program::open_more() {
    const std::size_t before = loaded_.size();
    for (const OpenedName& each : reach_->opened()) {
        if (each.kind != TextKind::File || each.name.empty()) continue;
        // What is not there is among those that are missing.
        [[maybe_unused]] const auto found = loaded_.resolve_dlopen(each.name, ObjectId{each.by.object});
    }
    open_nss();
    open_openssl();
    open_pam();
    return loaded_.size() != before;
}

void Program::add(const std::vector<Later>& modules) {
    for (const Later& each : modules) {
        if (!added_.insert(each.name).second) continue;
        [[maybe_unused]] const auto found = loaded_.add(each);
    }
}

bool Program::is_in(FunctionRef ref, std::string_view library) const {
    const std::string& path = linked_.objects[ref.object].path;
    return std::string_view(path).substr(path.rfind('/') + 1).starts_with(library);
}

// The modules of those services that are asked for something that code that can run asks for.
void Program::open_nss() {
    const auto libc = loaded_.find("libc.so.6");
    if (!libc) return;
    std::set<std::string> wanted;
    for (const OpenedName& each : reach_->opened()) {
        if (each.kind != TextKind::Nss) continue;
        for (const std::string& service : nss_->services(nss_database(each.name)))
            wanted.insert(fmt::format("libnss_{}.so.2", service));
    }
    std::vector<Later> modules = nss_modules(loaded_.root());
    std::erase_if(modules, [&](const Later& each) { return !wanted.contains(each.name); });
    add(modules);
}

void Program::open_openssl() {
    std::set<std::string> names;
    for (const OpenedName& each : reach_->opened()) {
        if (each.kind == TextKind::Engine || each.kind == TextKind::Provider) names.insert(each.name);
    }
    openssl_ = openssl_ || std::ranges::any_of(reach_->opens_unknown(), [&](const OpenedName& each) {
                   return each.kind == TextKind::File && is_in(each.by, "libcrypto.so");
               });
    if (openssl_) add(openssl_modules(loaded_.root(), names));
}

void Program::open_pam() {
    const auto id = loaded_.find("libpam.so.0");
    if (pam_ || !id || index_of(*id) >= codes_.size()) return;
    const auto& functions = codes_[index_of(*id)]->functions;
    for (std::uint32_t i = 0; i < functions.size(); ++i)
        pam_ = pam_ || (functions[i].name.starts_with("pam_start") && reach_->reached({number_of(*id), i}));
    if (!pam_) return;
    const std::string& path = loaded_.program().path;
    add(pam_modules(loaded_.root(), path.substr(path.rfind('/') + 1)));
}

// Whether configuration, which was looked at, has the names that the code does not show.
bool Program::is_explained(const OpenedName& unknown) const {
    return (openssl_ && is_in(unknown.by, "libcrypto.so")) || (pam_ && is_in(unknown.by, "libpam.so"));
}

ReachableCalls Program::calls() const {
    ReachableCalls result = reachable_calls(linked_, *reach_);
    result.doubts.insert(result.doubts.end(), doubts_.begin(), doubts_.end());
    result.doubts.insert(result.doubts.end(), loaded_.doubts().begin(), loaded_.doubts().end());
    for (const Missing& each : loaded_.missing()) {
        std::string by;
        if (!each.requests.empty() && each.requests.front().by)
            by = fmt::format(", which {} asks for", loaded_.object(*each.requests.front().by).path);
        result.doubts.push_back(fmt::format("{}{} is missing{}{}: what it would call is not known", each.name,
                                            by, each.detail.empty() ? "" : ": ", each.detail));
    }
    std::set<std::string> doubts;
    for (const OpenedName& each : reach_->opens_unknown()) {
        if (is_explained(each)) continue;
        const std::string who =
            fmt::format("{} in {}", function_name(linked_, each.by), linked_.objects[each.by.object].path);
        if (each.kind == TextKind::Function)
            doubts.insert(
                fmt::format("{} looks up a function whose name is not known; those of libraries that "
                            "are opened while the program runs all count",
                            who));
        else
            doubts.insert(fmt::format("{} opens {} whose name is not known; --also NAME adds one", who,
                                      each.kind == TextKind::Engine     ? "an OpenSSL engine"
                                      : each.kind == TextKind::Provider ? "an OpenSSL provider"
                                                                        : "a library"));
    }
    result.doubts.insert(result.doubts.end(), doubts.begin(), doubts.end());
    return result;
}

}  // namespace catena::callgraph
