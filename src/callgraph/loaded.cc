// The loader maps the program, what is preloaded, and then, object by object in the order of that list, what
// each needs: breadth-first. An object that is there already, by its name, its DT_SONAME or as the same file,
// is not mapped again.
#include "callgraph/loaded.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace catena::callgraph {
namespace {

constexpr std::size_t kMaxMissing = 4096;
constexpr const char* kGlibcInterpreter = "/lib64/ld-linux-x86-64.so.2";
constexpr const char* kMuslInterpreter = "/lib/ld-musl-x86_64.so.1";

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// musl has these libraries in itself, whatever follows the first dot.
bool musl_has_itself(std::string_view name) {
    constexpr std::array<std::string_view, 7> kReserved = {"c", "pthread", "rt", "m", "dl", "util", "xnet"};
    if (!name.starts_with("lib")) return false;
    const std::string_view stem = name.substr(3, name.find('.') - 3);
    return name.find('.') != std::string_view::npos && std::ranges::find(kReserved, stem) != kReserved.end();
}

ProgramKind kind_of(const Object& program) {
    if (interpreter(program.image)) return ProgramKind::Dynamic;
    if (program.image.type() == elf::FileType::Executable) return ProgramKind::Static;
    return program.dynamic.position_independent ? ProgramKind::StaticPie : ProgramKind::Library;
}

// The names of a list for preloading; in the file, "#" begins a comment.
std::vector<std::string> preload_names(std::string_view text, bool file) {
    std::vector<std::string> names;
    std::string name;
    bool comment = false;
    for (const char each : text) {
        if (file && each == '#') comment = true;
        if (each == '\n') comment = false;
        const bool separator =
            comment || each == ':' || each == ' ' || (file && (each == '\n' || each == '\t'));
        if (!separator) {
            name += each;
        } else if (!name.empty()) {
            names.push_back(std::exchange(name, {}));
        }
    }
    if (!name.empty()) names.push_back(std::move(name));
    return names;
}

}  // namespace

base::Result<Loaded> Loaded::load(const std::string& program, const LoadOptions& options) {
    Root root(options.root, options.noted);
    const std::string given = root.inside(program);
    const std::string path = root.real_path(given).value_or(given);
    const std::string file = root.host_path(given).value_or(root.folder() + given);
    auto image = root.open(file);
    if (!image) return std::unexpected(std::move(image).error());
    if (auto status = image->check_supported(); !status) return std::unexpected(std::move(status).error());
    if (image->is_cut()) {
        return base::fail(
            base::ErrorCode::BadInput,
            program + " is cut short: code that its headers speak of is behind the end of the file");
    }
    const bool secure = root.is_set_user_id(file);
    Loaded loaded(LibrarySearch(std::move(root), {.library_path = options.library_path,
                                                  .isa_level = options.isa_level.value_or(this_isa_level()),
                                                  .secure = secure}));
    loaded.insert({.path = path, .file = file, .image = std::move(*image), .hwcaps = {}},
                  {.reason = LoadReason::Program, .by = {}, .name = program, .why = {}});
    loaded.kind_ = kind_of(loaded.program());
    loaded.load_interpreter();
    std::vector<ObjectId> scope = {kProgram};
    if (loaded.kind_ == ProgramKind::Dynamic || loaded.kind_ == ProgramKind::Library) {
        loaded.load_preloads(options, scope);
        loaded.open_scope(kProgram, std::move(scope));
    } else {
        loaded.scopes_[0] = std::move(scope);
    }
    if (!loaded.search_.cache_problem().empty() && loaded.loader_kind_ == LoaderKind::Glibc)
        loaded.doubts_.push_back(loaded.search_.cache_problem());
    return loaded;
}

base::Result<Loaded> Loaded::alone(elf::Image image) {
    if (auto status = image.check_supported(); !status) return std::unexpected(std::move(status).error());
    Loaded loaded{LibrarySearch()};
    std::string name = image.name();
    loaded.kind_ = ProgramKind::Library;
    loaded.insert({.path = name, .file = name, .image = std::move(image), .hwcaps = {}},
                  {.reason = LoadReason::Program, .by = {}, .name = name, .why = {}});
    loaded.scopes_[0] = {kProgram};
    return loaded;
}

void Loaded::load_interpreter() {
    const auto named = callgraph::interpreter(program().image);
    const bool needs_musl =
        std::ranges::find(program().dynamic.needed, "libc.so") != program().dynamic.needed.end();
    std::string path = kGlibcInterpreter;
    if (named)
        path = *named;
    else if (kind_ == ProgramKind::Library && needs_musl)
        path = kMuslInterpreter;
    if (file_name(path).starts_with("ld-musl")) {
        loader_kind_ = LoaderKind::Musl;
        search_.use_musl(path);
    }
    auto found = search_.find(path, {}, program());
    if (!named) {
        // A library may need the loader, or not; only its folders count. A static program can still open
        // libraries.
        if (found && loader_kind_ == LoaderKind::Glibc) search_.use_glibc(&found->image);
        if (loader_kind_ == LoaderKind::Glibc || !found) return;
    }
    const Request request{.reason = LoadReason::Interpreter, .by = kProgram, .name = path, .why = {}};
    if (!found) {
        note_missing(request, found.error().message);
        return;
    }
    interpreter_ = insert(std::move(*found), request);
    if (interpreter_ && loader_kind_ == LoaderKind::Glibc) search_.use_glibc(&object(*interpreter_).image);
}

void Loaded::load_preloads(const LoadOptions& options, std::vector<ObjectId>& scope) {
    const auto preload = [&](const std::string& name, const std::string& why) {
        const auto id = map({.reason = LoadReason::Preload, .by = {}, .name = name, .why = why});
        if (id && std::ranges::find(scope, *id) == scope.end()) scope.push_back(*id);
        return id;
    };
    for (const std::string& name : preload_names(options.preload, false)) {
        // A set-user-id program takes only libraries that are set-user-id themselves, from the usual folders.
        if (search_.secure()) {
            doubts_.push_back(fmt::format("LD_PRELOAD={} is not loaded into a set-user-id program", name));
            continue;
        }
        preload(name, "LD_PRELOAD");
    }
    if (!options.preload_file || loader_kind_ == LoaderKind::Musl) return;
    const auto text = root().read("/etc/ld.so.preload");
    for (const std::string& name : preload_names(text.value_or(""), true))
        preload(name, "/etc/ld.so.preload");
}

void Loaded::open_scope(ObjectId opened, std::vector<ObjectId> scope) {
    for (std::size_t i = 0; i < scope.size(); ++i) add_dependencies(scope[i], i, scope);
    scopes_[index_of(opened)] = std::move(scope);
}

// Puts what an object needs at the end of the list; what it filters, before the object itself.
void Loaded::add_dependencies(ObjectId of, std::size_t& at, std::vector<ObjectId>& scope) {
    const ObjectId opened_with = object(scope.front()).opened_with;
    const Dynamic dynamic = object(of).dynamic;
    const bool looked_at = !object(of).needed.empty();
    const auto get = [&](std::string_view name, LoadReason reason,
                         bool may_be_missing) -> std::optional<ObjectId> {
        const auto before = objects_.size();
        const auto id =
            map({.reason = reason, .by = of, .name = std::string(name), .why = {}}, may_be_missing);
        if (id && index_of(*id) >= before) objects_[index_of(*id)]->opened_with = opened_with;
        if (id && !looked_at) objects_[index_of(of)]->needed.push_back(*id);
        return id;
    };
    const auto filter = [&](std::string_view name, bool may_be_missing) {
        const auto id = get(name, LoadReason::Filter, may_be_missing);
        if (!id || std::ranges::find(scope, *id) != scope.end()) return;
        scope.insert(scope.begin() + static_cast<std::ptrdiff_t>(at), *id);
        ++at;
        add_dependencies(*id, at, scope);
    };
    for (const std::string_view each : dynamic.auxiliaries) filter(each, true);
    for (const std::string_view each : dynamic.filters) filter(each, false);
    for (const std::string_view each : dynamic.needed) {
        const auto id = get(each, LoadReason::Needed, false);
        if (id && std::ranges::find(scope, *id) == scope.end()) scope.push_back(*id);
    }
    if (!dynamic.audits.empty() && !looked_at)
        doubts_.push_back(fmt::format("{} asks for an audit library, {}, which is not looked at",
                                      object(of).path, dynamic.audits.front()));
}

std::optional<ObjectId> Loaded::map(Request request, bool may_be_missing) {
    const std::optional<ObjectId> by = request.by;
    const std::string origin = folder_of(by ? object(*by).path : program().path);
    const std::string name = search_.expand(request.name, origin);
    if (const auto id = known(name)) {
        objects_[index_of(*id)]->requests.push_back(std::move(request));
        return id;
    }
    LoaderChain chain;
    for (auto each = by; each && chain.size() < kMaxObjects; each = object(*each).loader)
        chain.push_back(objects_[index_of(*each)].get());
    auto found = search_.find(name, chain, program());
    if (!found) {
        if (!may_be_missing) note_missing(request, found.error().message);
        return std::nullopt;
    }
    return insert(std::move(*found), request);
}

std::optional<ObjectId> Loaded::known(const std::string& name) const {
    if (loader_kind_ == LoaderKind::Musl && musl_has_itself(name)) return interpreter_;
    const auto is_it = [&](const std::unique_ptr<Object>& each) {
        if (each->path == name) return each->requests.front().reason != LoadReason::Program;
        const bool asked = std::ranges::any_of(each->requests, [&](const Request& request) {
            return request.name == name && request.reason != LoadReason::Program;
        });
        return asked || (loader_kind_ == LoaderKind::Glibc && each->dynamic.soname == name);
    };
    const auto found = std::ranges::find_if(objects_, is_it);
    if (found == objects_.end()) return std::nullopt;
    return static_cast<ObjectId>(found - objects_.begin());
}

std::optional<ObjectId> Loaded::insert(FoundFile found, const Request& request) {
    const auto same = std::ranges::find(objects_, found.file, [](const auto& each) { return each->file; });
    if (same != objects_.end()) {
        (*same)->requests.push_back(request);
        return static_cast<ObjectId>(same - objects_.begin());
    }
    if (objects_.size() >= kMaxObjects) {
        if (objects_.size() == kMaxObjects)
            doubts_.push_back(fmt::format("more than {} objects: {} and others are not looked at",
                                          kMaxObjects, found.path));
        return std::nullopt;
    }
    auto object =
        std::make_unique<Object>(std::move(found.path), std::move(found.file), std::move(found.image));
    object->found_by = found.found_by;
    object->hwcaps = std::move(found.hwcaps);
    object->requests.push_back(request);
    if (request.reason == LoadReason::Needed || request.reason == LoadReason::Filter)
        object->loader = request.by;
    objects_.push_back(std::move(object));
    scopes_.emplace_back();
    note_variants(*objects_.back());
    return static_cast<ObjectId>(objects_.size() - 1);
}

void Loaded::note_missing(const Request& request, std::string detail) {
    const auto found = std::ranges::find(missing_, request.name, &Missing::name);
    if (found != missing_.end()) {
        found->requests.push_back(request);
    } else if (missing_.size() < kMaxMissing) {
        missing_.push_back({.name = request.name, .requests = {request}, .detail = std::move(detail)});
    }
}

// What glibc-hwcaps folders beside the file have under its name, and what the cache has of it.
void Loaded::note_variants(const Object& object) {
    if (loader_kind_ != LoaderKind::Glibc || object.requests.front().reason == LoadReason::Program) return;
    const auto note = [&](const std::string& path) {
        if (path == object.path || std::ranges::find(variants_, path) != variants_.end()) return;
        if (root().host_path(path)) variants_.push_back(path);
    };
    const std::string name(file_name(object.path));
    for (const LdCache::Entry& each : search_.cache().entries(name))
        if (!each.hwcaps.empty() || !object.hwcaps.empty()) note(each.path);
    std::string folder = folder_of(object.path);
    if (!object.hwcaps.empty()) {
        folder = folder_of(folder_of(folder));
        note(folder + "/" + name);
    }
    for (const unsigned level : {2U, 3U, 4U})
        note(fmt::format("{}/glibc-hwcaps/x86-64-v{}/{}", folder, level, name));
}

base::Result<ObjectId> Loaded::add(const Later& later) {
    const std::size_t before = objects_.size();
    const auto id = map({.reason = later.reason, .by = later.by, .name = later.name, .why = later.why});
    if (!id)
        return base::fail(base::ErrorCode::NotFound,
                          fmt::format("{} is not found as the loader looks for it", later.name));
    if (index_of(*id) >= before) objects_[index_of(*id)]->opened_with = *id;
    if (scopes_[index_of(*id)].empty()) open_scope(*id, {*id});
    return *id;
}

base::Result<ObjectId> Loaded::resolve_dlopen(const std::string& name, ObjectId by) {
    return add({.reason = LoadReason::Dlopen, .name = name, .why = {}, .by = by});
}

std::vector<ObjectId> Loaded::ids() const {
    std::vector<ObjectId> all;
    all.reserve(objects_.size());
    for (std::size_t i = 0; i < objects_.size(); ++i) all.push_back(static_cast<ObjectId>(i));
    return all;
}

std::span<const ObjectId> Loaded::scope(ObjectId opened) const { return scopes_[index_of(opened)]; }

std::optional<ObjectId> Loaded::find(std::string_view name) const {
    const auto found = std::ranges::find_if(objects_, [&](const std::unique_ptr<Object>& each) {
        return file_name(each->path) == name || each->dynamic.soname == name;
    });
    if (found == objects_.end()) return std::nullopt;
    return static_cast<ObjectId>(found - objects_.begin());
}

}  // namespace catena::callgraph
