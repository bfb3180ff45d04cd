#include "cli/analyze_program.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "callgraph/known_calls.h"
#include "callgraph/reachable.h"
#include "callgraph/why.h"
#include "cli/command.h"
#include "event/escape.h"
#include "graph/json_text.h"
#include "sys/syscalls.h"

namespace catena::cli {
namespace {

constexpr std::size_t kMaxLine = 256;  // of "#!", as the kernel reads it

// What a script's first line names; nothing where the file is none.
std::optional<std::string> interpreter_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string line(kMaxLine, '\0');
    file.read(line.data(), static_cast<std::streamsize>(line.size()));
    line.resize(static_cast<std::size_t>(file.gcount()));
    if (!line.starts_with("#!")) return std::nullopt;
    line = line.substr(2, line.find('\n') == std::string::npos ? std::string::npos : line.find('\n') - 2);
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos) return std::nullopt;
    return line.substr(begin, line.find_first_of(" \t", begin) - begin);
}

callgraph::ProgramOptions program_options(const AnalyzeProgramOptions& options) {
    callgraph::ProgramOptions wanted;
    wanted.load = options.load;
    wanted.also = options.also;
    wanted.from = options.from;
    return wanted;
}

callgraph::ReachableCalls with_doubt(callgraph::ReachableCalls calls, const AnalyzeProgramOptions& options,
                                     const std::optional<std::string>& interpreter) {
    if (interpreter)
        calls.doubts.insert(calls.doubts.begin(),
                            fmt::format("{} is a script: this is what its interpreter {} can do, and what "
                                        "the script says decides what it does, and what else it starts",
                                        options.binary, *interpreter));
    return calls;
}

void print_why_text(const callgraph::Linked& linked, const callgraph::Why& why) {
    const auto safe = [](const std::string& text) { return event::escape_for_terminal(text); };
    fmt::print("{} in {}: {}\n", safe(callgraph::function_name(linked, why.function)),
               safe(linked.objects[why.function.object].path), why.reached ? "can run" : "cannot run");
    if (why.reached) {
        fmt::print("  reached by\n");
        for (const std::string& each : why.path) fmt::print("    {}\n", safe(each));
    }
    for (const callgraph::Referrer& each : why.referrers) {
        const std::string from =
            each.from.object == callgraph::kNone
                ? ""
                : fmt::format("{} in {} ", safe(callgraph::function_name(linked, each.from)),
                              safe(linked.objects[each.from.object].path));
        fmt::print("  {}{}{}\n", from, safe(each.how),
                   each.can_run ? "" : "; dropped: nothing that can run does this");
    }
}

nlohmann::ordered_json why_json(const callgraph::Linked& linked, const callgraph::Why& why) {
    nlohmann::ordered_json json = {
        {"function", event::escape(callgraph::function_name(linked, why.function))},
        {"binary", event::escape(linked.objects[why.function.object].path)},
        {"reached", why.reached},
        {"path", nlohmann::ordered_json::array()},
        {"referrers", nlohmann::ordered_json::array()}};
    for (const std::string& each : why.path) json["path"].push_back(event::escape(each));
    for (const callgraph::Referrer& each : why.referrers) {
        nlohmann::ordered_json referrer = {{"how", event::escape(each.how)}, {"can_run", each.can_run}};
        if (each.from.object != callgraph::kNone) {
            referrer["function"] = event::escape(callgraph::function_name(linked, each.from));
            referrer["binary"] = event::escape(linked.objects[each.from.object].path);
        }
        json["referrers"].push_back(std::move(referrer));
    }
    return json;
}

}  // namespace

base::Result<AnalyzedProgram> analyze_program(const AnalyzeProgramOptions& options) {
    const auto interpreter = interpreter_of(options.binary);
    auto program =
        callgraph::Program::analyze(interpreter.value_or(options.binary), program_options(options));
    if (!program) return std::unexpected(std::move(program).error());
    AnalyzedProgram result{.program = std::move(*program)};
    result.calls = with_doubt(result.program->calls(), options, interpreter);
    return result;
}

base::Result<callgraph::ReachableCalls> analyze_calls(const AnalyzeProgramOptions& options) {
    const auto interpreter = interpreter_of(options.binary);
    auto calls = callgraph::reachable_calls(interpreter.value_or(options.binary), program_options(options));
    if (!calls) return std::unexpected(std::move(calls).error());
    return with_doubt(std::move(*calls), options, interpreter);
}

std::string call_name(std::uint32_t number, bool i386) {
    const auto abi = i386 ? sys::Abi::I386 : sys::Abi::X64;
    const std::string_view name = sys::syscall_name(static_cast<int>(number), abi);
    if (name.empty()) return fmt::format("{}number {}", i386 ? "i386 " : "", number);
    return fmt::format("{}{}", i386 ? "i386 " : "", name);
}

int show_why(const callgraph::Program& program, const AnalyzeProgramOptions& options) {
    const auto found = callgraph::functions_named(program.linked(), options.why);
    if (found.empty()) {
        fmt::print(stderr, "catena: neither a function nor a system call that it can make is named {}\n",
                   event::escape_for_terminal(options.why));
        return kNegative;
    }
    bool reached = false;
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const callgraph::FunctionRef each : found) {
        const callgraph::Why why = callgraph::why(program.linked(), program.reach(), each);
        reached = reached || why.reached;
        if (options.format == "json")
            json.push_back(why_json(program.linked(), why));
        else
            print_why_text(program.linked(), why);
    }
    if (options.format == "json") fmt::print("{}\n", graph::json_for_terminal(json.dump()));
    return reached ? kDone : kNegative;
}

}  // namespace catena::cli
