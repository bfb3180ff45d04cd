#include "callgraph/ldso_for_test.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <regex>
#include <sstream>

#include "callgraph/slots.h"

namespace catena::callgraph {
namespace {

ReferenceKind kind_of(std::uint64_t type) {
    if (type == R_X86_64_COPY) return ReferenceKind::Copy;
    return type == R_X86_64_64 || type == R_X86_64_GLOB_DAT ? ReferenceKind::Address : ReferenceKind::Call;
}

bool looked_up(const Elf64_Sym& symbol) {
    const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
    return ELF64_ST_BIND(symbol.st_info) != STB_LOCAL && visibility != STV_HIDDEN &&
           visibility != STV_INTERNAL;
}

std::string name_of(const Loaded& loaded, ObjectId id) {
    return id == kProgram ? "MAIN" : loaded.object(id).path;
}

}  // namespace

std::set<std::string> LdSo::traced(const std::string& program, const std::string& environment) const {
    std::istringstream lines(
        shell(environment + " LD_TRACE_LOADED_OBJECTS=1 " + program + " 2>/dev/null || true"));
    std::set<std::string> found;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name, arrow, path;
        words >> name >> arrow >> path;
        if (name.starts_with("linux-vdso") || name.empty()) continue;
        found.insert(arrow != "=>" ? name : path == "not" ? "missing " + name : path);
    }
    return found;
}

Bindings LdSo::debugged(const std::string& program, Run run, const std::string& environment) const {
    const std::string trace = run == Run::Yes ? "" : "LD_TRACE_LOADED_OBJECTS=1 LD_WARN=1 ";
    std::istringstream lines(shell("rm -f debug.*; " + environment + " " + trace +
                                   "LD_BIND_NOW=1 LD_DEBUG=bindings LD_DEBUG_OUTPUT=$PWD/debug " + program +
                                   " >/dev/null 2>&1 || true; cat debug.*"));
    const std::string main = program.substr(0, program.find(' '));
    static const std::regex pattern(
        "binding file (\\S+) \\[0\\] to (\\S+) \\[0\\]: \\w+ symbol .([^']*)'(?: \\[(.*)\\])?");
    Bindings found;
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (line.find("linux-vdso") != std::string::npos || !std::regex_search(line, match, pattern))
            continue;
        const auto name = [&](int group) {
            return match.str(group) == main ? std::string("MAIN") : match.str(group);
        };
        found.emplace(name(1), name(2), match.str(3), match.str(4));
    }
    return found;
}

std::string LdSo::installed(const std::string& name) {
    for (const char* folder : {"/usr/bin/", "/usr/sbin/"})
        if (::access((folder + name).c_str(), X_OK) == 0)
            return std::filesystem::canonical(folder + name).string();
    return {};
}

Loaded loaded(const std::string& program, const LoadOptions& options) {
    auto result = Loaded::load(program, options);
    if (!result) {
        ADD_FAILURE() << result.error().message;
        std::abort();
    }
    return std::move(*result);
}

std::set<std::string> paths(const Loaded& loaded) {
    std::set<std::string> found;
    for (const std::string& each : scope_paths(loaded)) found.insert(each);
    for (const Missing& each : loaded.missing()) found.insert("missing " + each.name);
    found.erase(loaded.program().path);
    return found;
}

std::vector<std::string> scope_paths(const Loaded& loaded, ObjectId opened) {
    std::vector<std::string> found;
    std::ranges::transform(loaded.scope(opened), std::back_inserter(found),
                           [&](ObjectId id) { return loaded.object(id).path; });
    return found;
}

Bindings bindings(const Loaded& loaded, bool of_interpreter) {
    Binder binder(loaded);
    Bindings found;
    for (const ObjectId id : relocation_order(loaded)) {
        if (!of_interpreter && loaded.interpreter() == id) continue;
        const Object& object = loaded.object(id);
        for (const auto& range : {object.dynamic.rela, object.dynamic.jmprel}) {
            const auto bytes = object.image.bytes_at(range.address, range.size_bytes);
            for (std::uint64_t at = 0; const auto each = elf::read_at<Elf64_Rela>(bytes, at);
                 at += sizeof(Elf64_Rela)) {
                const auto index = static_cast<std::uint32_t>(ELF64_R_SYM(each->r_info));
                const auto symbol = object.symbols.at(index);
                if (index == 0 || !symbol || !looked_up(*symbol)) continue;
                const auto bound = binder.bind(id, index, kind_of(ELF64_R_TYPE(each->r_info)));
                if (!bound) continue;
                const Version* version = object.symbols.version(index);
                found.emplace(name_of(loaded, id), name_of(loaded, bound->object),
                              object.symbols.name(*symbol), version == nullptr ? "" : version->name);
            }
        }
    }
    return found;
}

}  // namespace catena::callgraph
