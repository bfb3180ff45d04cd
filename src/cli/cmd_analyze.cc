// catena analyze: what a program or a library holds, without running it.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/analyze_libraries.h"
#include "cli/analyze_program.h"
#include "cli/command.h"
#include "cli/table_printer.h"
#include "elf/demangle.h"
#include "elf/functions.h"
#include "elf/image.h"
#include "elf/lines.h"
#include "event/escape.h"
#include "graph/json_text.h"

namespace catena::cli {
namespace {

constexpr const char* kHelp = R"(
What of an x86-64 program or shared library to show:
  functions   all functions of the file, in order of address
  syscalls    the system calls that it and all that it loads can make, each with one way to it
  callgraph   the functions of it and of all that it loads that can run, each with who reaches it
syscalls and callgraph always say what could not be shown: numbers that are not known, libraries that are missing or
opened by a name that is not known (--also NAME adds one). For a script they show its interpreter.
What was found of files and programs is kept, and taken again for as long as nothing that it follows from has changed, in
/var/cache/catena for root and ~/.cache/catena for others; CATENA_ANALYSIS_CACHE names another folder, and, empty, none.

SOURCE says how each function is known:
  symtab, dynsym   a symbol table of the file
  debug-file       its separate debug file, in /usr/lib/debug or where the file says (Debian: NAME-dbgsym, libc6-dbg)
  mini-debug-info  the symbols that Fedora's programs carry packed
  eh-frame         no name, but the tables for exceptions say where it is: what a stripped program has
  call-target      no name, but other code calls it

Examples:
  catena analyze /usr/sbin/nginx
  catena analyze /usr/lib/x86_64-linux-gnu/libcrypto.so.3 --format json
  catena analyze ./server --lines | grep parse_
  catena analyze ./server --what functions --lines --format json
  catena analyze /usr/sbin/nginx --what syscalls
  catena analyze /usr/sbin/nginx --what syscalls --why execve
  catena analyze /usr/bin/ssh --what callgraph --why getaddrinfo

With --what libraries: the program and all that its loader maps for it, by ld.so's own rules, who asked for each, and what is
missing. --later adds what configuration names: nss, pam:SERVICE, gconv, openssl.
  catena analyze /usr/sbin/sshd --what libraries --later nss --later pam:sshd
  catena analyze /usr/sbin/nginx --what libraries --root ./unpacked --format json)";

struct AnalyzeOptions {
    std::string binary;
    std::string what = "functions";
    std::string format = "text";
    bool lines = false;
    std::vector<std::string> from;
    std::string why;
    AnalyzeLibrariesOptions libraries;
};

// A function with what people want to know of it.
struct Described {
    const elf::Function& function;
    std::string name;  // demangled
    std::optional<elf::SourceLine> line;
};

Described describe(const elf::Function& function, elf::Lines* lines) {
    return {.function = function,
            .name = elf::demangle(function.name),
            .line = lines == nullptr ? std::nullopt : lines->function_line(function.address)};
}

std::string text_name(const Described& described) {
    const elf::Function& function = described.function;
    const bool part = function.kind == elf::FunctionKind::Part;
    std::string text = !function.name.empty() ? described.name : part ? "(part of a function)" : "(no name)";
    for (const std::string& alias : function.aliases) text += ", " + elf::demangle(alias);
    if (function.kind == elf::FunctionKind::IfuncResolver) text += " (chooses the function)";
    if (part && !function.name.empty() && function.name.find(".cold") == std::string::npos)
        text += " (part of a function)";
    return text;
}

void print_text(const std::vector<elf::Function>& functions, elf::Lines* lines) {
    const auto printer = make_table_printer("text");
    store::Table table{.columns = {"address", "size", "source"}, .types = {"VARCHAR", "UBIGINT", "VARCHAR"}};
    if (lines != nullptr) {
        table.columns.emplace_back("line");
        table.types.emplace_back("VARCHAR");
    }
    table.columns.emplace_back("name");
    table.types.emplace_back("VARCHAR");
    printer->begin(table);
    for (const elf::Function& each : functions) {
        const Described described = describe(each, lines);
        store::Row row = {fmt::format("{:#x}", each.address),
                          each.size_bytes == 0 ? "?" : fmt::format("{}", each.size_bytes),
                          std::string(elf::to_string(each.source))};
        if (lines != nullptr)
            row.emplace_back(described.line ? fmt::format("{}:{}", described.line->file, described.line->line)
                                            : "?");
        row.emplace_back(text_name(described));
        printer->row(row);
    }
    printer->end();
}

nlohmann::ordered_json as_json(const Described& described) {
    const elf::Function& function = described.function;
    nlohmann::ordered_json json = {{"address", fmt::format("{:#x}", function.address)},
                                   {"size", function.size_bytes},
                                   {"file_offset", function.file_offset},
                                   {"source", elf::to_string(function.source)},
                                   {"kind", elf::to_string(function.kind)}};
    if (!function.name.empty()) {
        json["name"] = event::escape(described.name);
        json["symbol"] = event::escape(function.name);
    }
    for (const std::string& alias : function.aliases) json["aliases"].push_back(event::escape(alias));
    if (described.line)
        json["line"] = {{"file", event::escape(described.line->file)}, {"line", described.line->line}};
    return json;
}

void print_json(const elf::Image& image, const std::vector<elf::Function>& functions, elf::Lines* lines) {
    const auto print = [](const nlohmann::ordered_json& json, std::string_view after) {
        fmt::print("{}{}", graph::json_for_terminal(json.dump()), after);
    };
    fmt::print("{{\"file\":");
    print(event::escape(image.name()), ",");
    fmt::print("\"build_id\":\"{}\",\"what\":\"functions\",\"functions\":[", image.build_id_text());
    const char* separator = "\n";
    for (const elf::Function& each : functions) {
        fmt::print("{}", std::exchange(separator, ",\n"));
        print(as_json(describe(each, lines)), "");
    }
    fmt::print("\n]}}\n");
}

base::Result<int> analyze_program_too(const AnalyzeOptions& options) {
    const AnalyzeProgramOptions wanted{.binary = options.binary,
                                       .format = options.format,
                                       .from = options.from,
                                       .also = options.libraries.also,
                                       .load = options.libraries.load,
                                       .why = options.why};
    auto code = options.what == "syscalls" ? show_syscalls(wanted) : show_callgraph(wanted);
    if (code && (std::fflush(stdout) != 0 || std::ferror(stdout) != 0))
        return base::fail_errno("standard output cannot be written");
    return code;
}

base::Status check(const AnalyzeOptions& options) {
    const bool functions = options.what == "functions";
    const bool program = options.what == "syscalls" || options.what == "callgraph";
    if (!program && (!options.from.empty() || !options.why.empty()))
        return base::fail(base::ErrorCode::Usage, "--from and --why go with --what syscalls or callgraph");
    if (!functions && options.lines)
        return base::fail(base::ErrorCode::Usage, "--lines goes with --what functions");
    if (options.format == "dot" && options.what != "callgraph")
        return base::fail(base::ErrorCode::Usage, "--format dot goes with --what callgraph");
    return {};
}

base::Result<int> analyze(const AnalyzeOptions& options) {
    if (auto status = check(options); !status) return std::unexpected(std::move(status).error());
    if (options.what == "libraries") {
        AnalyzeLibrariesOptions libraries = options.libraries;
        libraries.binary = options.binary;
        libraries.format = options.format;
        return analyze_libraries(libraries);
    }
    if (options.what != "functions") return analyze_program_too(options);
    const auto image = elf::Image::open(options.binary);
    if (!image) return std::unexpected(image.error());
    const auto functions = elf::functions(*image);
    if (!functions) return std::unexpected(functions.error());
    elf::Lines lines(*image);
    elf::Lines* wanted = options.lines ? &lines : nullptr;
    if (options.lines && !lines.available())
        fmt::print(stderr, "catena: {} has no source lines; they come with its debug symbols\n",
                   event::escape_for_terminal(options.binary));
    if (options.format == "json")
        print_json(*image, *functions, wanted);
    else if (!functions->empty())
        print_text(*functions, wanted);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
        return base::fail_errno("standard output cannot be written");
    if (functions->empty()) {
        fmt::print(stderr, "catena: {} has no functions\n", event::escape_for_terminal(options.binary));
        return kNegative;
    }
    if (::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "{} functions\n", functions->size());
    return kDone;
}

void add_libraries_options(CLI::App& command, AnalyzeLibrariesOptions& options) {
    command.add_option("--root", options.load.root, "With libraries: the folder that is / for the program")
        ->option_text("DIR");
    command.add_option("--library-path", options.load.library_path, "With libraries: LD_LIBRARY_PATH")
        ->option_text("DIRS");
    command.add_option("--preload", options.load.preload, "With libraries: LD_PRELOAD")->option_text("LIBS");
    command.add_option("--also", options.also, "With libraries: a library that it opens itself")
        ->option_text("LIB");
    command.add_option("--later", options.later, "With libraries: what configuration names for later")
        ->option_text("nss|pam:SERVICE|gconv|openssl");
}

int run_analyze(const AnalyzeOptions& options) {
    // A reader that has seen enough (| head) ends this program as it ends any other in a pipeline: quietly.
    std::signal(SIGPIPE, SIG_DFL);
    const auto code = analyze(options);
    return code ? *code : report(code.error());
}

}  // namespace

void add_analyze(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("analyze", "Show what a program holds, without running it");
    const auto options = std::make_shared<AnalyzeOptions>();
    command->add_option("BINARY", options->binary, "The program or shared library")->required();
    command->add_option("--what", options->what, "functions (default), libraries, syscalls or callgraph")
        ->option_text("functions|libraries|syscalls|callgraph")
        ->check(CLI::IsMember({"functions", "libraries", "syscalls", "callgraph"}));
    command->add_option("--from", options->from, "Only what this function of the program can reach")
        ->option_text("FUNCTION");
    command
        ->add_option("--why", options->why, "Who reaches this function or makes this call, and who does not")
        ->option_text("FUNCTION|SYSCALL");
    command->add_flag("--lines", options->lines, "Where each is declared, as far as there are debug symbols");
    command->add_option("--format", options->format, "text (default), json, or dot (callgraph)")
        ->option_text("text|json|dot")
        ->check(CLI::IsMember({"text", "json", "dot"}));
    add_libraries_options(*command, options->libraries);
    command->footer(kHelp);
    command->callback([options, &exit_code] { exit_code = run_analyze(*options); });
}

}  // namespace catena::cli
