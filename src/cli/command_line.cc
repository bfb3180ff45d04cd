#include "cli/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "cli/command.h"
#include "event/escape.h"

namespace catena::cli {
namespace {

// Optimal string alignment: insertions, deletions, replacements, and swaps of neighbours, each counted once.
std::size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            const std::size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
            }
        }
    }
    return d[a.size()][b.size()];
}

// The verb that was recognised, of several within each other the innermost; else the program itself.
const CLI::App& reached(const CLI::App& app) {
    const auto parsed = app.get_subcommands();
    return parsed.empty() ? app : reached(*parsed.front());
}

std::string full_name(const CLI::App& app, const CLI::App& command) {
    if (&app == &command) return app.get_name();
    const CLI::App* parent = command.get_parent();
    return (parent == nullptr ? "" : full_name(app, *parent) + " ") + command.get_name();
}

std::vector<std::string> verb_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(verb->get_name());
    return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    return names;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
    const auto meant = nearest(word, candidates);
    return meant ? fmt::format("; did you mean {}?", *meant) : "";
}

// What is wrong, as a clause. Words that nothing took say it better than what CLI11 found missing because of
// them.
std::string explain(const CLI::App& app, const CLI::App& command, const CLI::ParseError& error) {
    const std::vector<std::string> words = app.remaining(true);
    const auto word =
        std::ranges::find_if(words, [](const std::string& each) { return !each.starts_with('-'); });
    if (!verb_names(command).empty() && word != words.end()) {
        return fmt::format("there is no verb \"{}\"{}", event::escape_for_terminal(*word),
                           did_you_mean(*word, verb_names(command)));
    }
    const auto option = std::ranges::find_if(words, [](const std::string& each) {
        return each.size() > 1 && each.starts_with('-') && each != "--";
    });
    if (option != words.end()) {
        const std::string name = option->substr(0, option->find('='));
        return fmt::format("there is no option {}{}", event::escape_for_terminal(name),
                           did_you_mean(name, option_names(command)));
    }
    if (word == words.end()) return error.what();
    return fmt::format("\"{}\" is one word too many; quote words that belong together",
                       event::escape_for_terminal(*word));
}

int usage_error(const CLI::App& app, const CLI::ParseError& error) {
    const CLI::App& command = reached(app);
    const std::string name = full_name(app, command);
    fmt::print(stderr, "{}: {}\n{} --help shows what is possible.\n", name, explain(app, command, error),
               name);
    return kUsage;
}

// The option that takes the words behind "--", of a verb that has one.
CLI::Option* command_option(CLI::App& verb) {
    for (CLI::Option* option : verb.get_options()) {
        if (option->get_positional() && option->get_allow_extra_args()) return option;
    }
    return nullptr;
}

// Cuts the words behind "--" off, if the verb takes a command, and has them put into its option when CLI11
// comes to the verb.
void hand_over_command(CLI::App& app, std::vector<std::string>& words) {
    const auto dashes = std::ranges::find(words, "--");
    if (dashes == words.end() || words.front().starts_with('-')) return;
    // The verb, and the verb within it.
    std::vector<CLI::App*> named = {&app};
    for (auto word = words.begin(); word != dashes && !named.empty(); ++word) {
        auto next = named.front()->get_subcommands([&](const CLI::App* e) { return e->get_name() == *word; });
        if (next.empty()) break;
        named = std::move(next);
    }
    CLI::Option* option = command_option(*named.front());
    if (option == nullptr) return;
    std::vector<std::string> command(dashes + 1, words.end());
    words.erase(dashes, words.end());
    named.front()->preparse_callback([option, command = std::move(command)](std::size_t) {
        option->allow_extra_args(false);  // with it, CLI11 takes brackets for a list
        for (const std::string& word : command) option->add_result(word);
        option->allow_extra_args(true);
    });
}

}  // namespace

std::string is_positive(const std::string& word) {
    const bool digits =
        !word.empty() && std::ranges::all_of(word, [](char c) { return '0' <= c && c <= '9'; });
    if (digits && word.find_first_not_of('0') != std::string::npos) return {};
    return "'" + word + "' is not a whole number of 1 or more";
}

std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& candidates) {
    std::optional<std::string> best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        const bool begun = word.size() > 2 && candidate.starts_with(word);
        const std::size_t distance = begun ? 0 : edit_distance(word, candidate);
        // A word of two letters is at most two steps from any other of two letters.
        if (distance < best_distance && distance < std::max(word.size(), candidate.size()) - 1) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

int parse_command_line(CLI::App& app, std::vector<std::string> words) {
    if (words.empty()) {
        fmt::print(stderr, "{}", app.help());
        return kUsage;
    }
    hand_over_command(app, words);
    app.require_subcommand(1);
    std::ranges::reverse(words);  // as CLI11 wants them
    try {
        app.parse(std::move(words));
    } catch (const CLI::CallForHelp&) {
        const CLI::App& asked = reached(app);
        fmt::print("{}", asked.help(&asked == &app ? "" : full_name(app, *asked.get_parent())));
    } catch (const CLI::CallForVersion& version) {
        fmt::print("{}\n", version.what());
    } catch (const CLI::ParseError& error) {
        return usage_error(app, error);
    }
    return kDone;
}

}  // namespace catena::cli
