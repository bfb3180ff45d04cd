// catena doctor: what works on this machine, and what does not.

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.h"
#include "sensor/sensor.h"

namespace catena::cli {
namespace {

void print_text(const std::vector<sensor::Finding>& findings, const utsname& kernel) {
    fmt::print("{} {} on {}\n", kernel.sysname, kernel.release, kernel.machine);
    std::size_t width = 0;
    for (const sensor::Finding& finding : findings) width = std::max(width, finding.what.size());
    fmt::print("  {:<5}  {:<{}}  {}\n", "works", "layer", width, "gives");
    for (const sensor::Finding& finding : findings) {
        const char* mark = finding.works ? "yes" : finding.needed ? "NO" : "no";
        const std::string said = finding.works ? std::string{} : fmt::format(" (here: {})", finding.error);
        fmt::print("  {:<5}  {:<{}}  {}{}\n", mark, finding.what, width, finding.detail, said);
    }
}

void print_json(const std::vector<sensor::Finding>& findings, const utsname& kernel) {
    auto rows = nlohmann::json::array();
    for (const sensor::Finding& finding : findings) {
        rows.push_back({{"what", finding.what},
                        {"works", finding.works},
                        {"needed", finding.needed},
                        {"detail", finding.detail}});
        if (!finding.works) rows.back()["error"] = finding.error;
    }
    fmt::print(
        "{}\n",
        nlohmann::json{{"kernel", kernel.release}, {"machine", kernel.machine}, {"findings", rows}}.dump());
}

}  // namespace

void add_doctor(CLI::App& app, int& exit_code) {
    auto format = std::make_shared<std::string>("text");
    CLI::App* doctor = app.add_subcommand("doctor", "Show what works on this machine, by trying it");
    doctor->add_option("--format", *format, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    doctor->footer(
        "Examples:\n  catena doctor\n  catena doctor --format json\n\nExits 0 where recording works, else "
        "3.");
    doctor->callback([format, &exit_code] {
        const std::vector<sensor::Finding> findings = sensor::examine();
        utsname kernel{};
        ::uname(&kernel);
        if (*format == "json") {
            print_json(findings, kernel);
        } else {
            print_text(findings, kernel);
        }
        const bool works =
            std::ranges::all_of(findings, [](const auto& each) { return each.works || !each.needed; });
        exit_code = works ? kDone : kNotPossible;
        if (*format == "text") {
            fmt::print("{}\n", works ? "Recording works here."
                                     : "Recording does not work here: see the lines marked NO.");
        }
    });
}

}  // namespace catena::cli
