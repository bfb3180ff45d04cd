// catena completion: a script that makes the shell complete catena's command lines.
//
// Every verb, option and value in it is taken from the command line's own definition, so it cannot fall
// behind. The script is a table (which verb takes what) and a function that is the same for all of it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace catena::cli {
namespace {

constexpr const char* kExamples = R"(
Examples:
  source <(catena completion bash)
  catena completion bash > /etc/bash_completion.d/catena)";

// What can stand in a place of the command line. The script knows these kinds by the same names.
//   -words a b c   one of these
//   -prefixes a: b:  begins with one of these; a path may follow
//   -file          a file
//   -command       a command and its arguments
//   -none          something that cannot be guessed
std::string words_kind(std::string_view kind, const std::vector<std::string>& words) {
    return fmt::format("-{} {}", kind, fmt::join(words, " "));
}

// CLI11 keeps what a value may be only as a description: "TEXT:{text,json}".
std::vector<std::string> choices_of(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    const std::size_t open = type.find('{');
    const std::size_t close = type.find('}', open);
    if (open == std::string::npos || close == std::string::npos) return {};
    return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

// The "file:", "process:", … that the verb's help explains, a line each.
std::vector<std::string> prefixes_in(const std::string& help) {
    std::vector<std::string> prefixes;
    for (const std::string& line : CLI::detail::split(help, '\n')) {
        const std::size_t colon = line.find(':');
        if (!line.starts_with("  ") || colon == std::string::npos) continue;
        const std::string word = line.substr(2, colon - 2);
        const bool plain = std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
        if (plain && !word.empty()) prefixes.push_back(word + ":");
    }
    return prefixes;
}

std::string kind_of(const CLI::App& verb, const CLI::Option& option) {
    const std::vector<std::string> choices = choices_of(option);
    if (!choices.empty()) return words_kind("words", choices);
    const std::string& name = option.get_single_name();
    if (name == "POINT") return words_kind("prefixes", prefixes_in(verb.get_footer()));
    if (option.get_positional())
        return option.get_allow_extra_args()                            ? "-command"
               : name == "TRACE" || name == "OTHER" || name == "BINARY" ? "-file"
                                                                        : "-none";
    const bool text =
        option.get_type_name().starts_with("TEXT") || option.get_type_name().starts_with("FILE");
    return text ? "-file" : "-none";
}

// The names under which the option can be given, the ones of one letter last.
std::vector<std::string> names_of(const CLI::Option& option) {
    std::vector<std::string> names;
    for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option.get_snames()) names.push_back("-" + name);
    return names;
}

// "key) the words after it ;;" as bash's case wants it.
std::string table_row(const std::string& key, const std::string& value) {
    return fmt::format("        '{}') echo '{}' ;;\n", key, value);
}

// Rows of one verb (of catena itself where `key` is empty): its options, what each of them takes, and its
// positionals by number.
std::string table_rows(const std::string& key, const CLI::App& verb) {
    std::vector<std::string> names;
    std::string rows;
    int position = 0;
    for (const CLI::Option* option : verb.get_options()) {
        if (option->get_positional())
            rows += table_row(fmt::format("{} {}", key, ++position), kind_of(verb, *option));
        for (const std::string& name : names_of(*option)) {
            names.push_back(name);
            if (option->get_items_expected_max() > 0)
                rows += table_row(key + " " + name, kind_of(verb, *option));
        }
    }
    // Of a verb with verbs of its own, these; what stands behind them is not completed.
    std::vector<std::string> verbs;
    for (const CLI::App* within : verb.get_subcommands([](const CLI::App*) { return true; }))
        verbs.push_back(within->get_name());
    if (!key.empty() && !verbs.empty()) rows += table_row(key + " 1", words_kind("words", verbs));
    return table_row(key + " options", words_kind("words", names)) + rows;
}

constexpr const char* kFunction = R"bash(
# The words up to the cursor, as the user sees them: bash also splits at : and =.
_catena_words() {
    local rest=$COMP_LINE word i
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 0)) && [[ $rest != [[:space:]]* ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        rest=${rest#"${rest%%[![:space:]]*}"}
        rest=${rest#"$word"}
    done
}

# Puts into COMPREPLY what can stand for $2, given what _catena_table says of that place ($1).
_catena_reply() {
    local kind=${1%% *} list=${1#* } prefix
    case $kind in
        -words) mapfile -t COMPREPLY < <(compgen -W "$list" -- "$2") ;;
        -file) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
        -prefixes)
            if [[ $2 == *:* ]]; then
                mapfile -t COMPREPLY < <(compgen -f -- "${2#*:}")
                prefix=${2%%:*}:
                COMPREPLY=("${COMPREPLY[@]/#/$prefix}")
            else
                mapfile -t COMPREPLY < <(compgen -W "$list" -- "$2")
                compopt -o nospace 2>/dev/null
            fi
            ;;
    esac
}

_catena() {
    local words verb='' current before kind i position=0 taken
    COMPREPLY=()
    _catena_words
    current=${words[-1]}
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        if [[ -z $verb ]]; then
            [[ ${words[i]} == -* ]] || verb=${words[i]}
        elif [[ ${words[i]} == -- && $(_catena_table "$verb 1") == -command ]]; then
            if ((i == ${#words[@]} - 2)); then
                mapfile -t COMPREPLY < <(compgen -c -- "$current")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
            fi
            return
        elif [[ ${words[i]} != -* ]]; then
            before=${words[i - 1]}
            [[ $before == -* && -n $(_catena_table "$verb $before") ]] || ((++position))
        fi
    done
    before=${words[-2]}
    if [[ $current == --*=* ]]; then
        _catena_reply "$(_catena_table "$verb ${current%%=*}")" "${current#*=}"
        COMPREPLY=("${COMPREPLY[@]/#/${current%%=*}=}")
    elif [[ $before == -* ]] && kind=$(_catena_table "$verb $before") && [[ -n $kind ]]; then
        _catena_reply "$kind" "$current"
    elif [[ $current == -* ]]; then
        _catena_reply "$(_catena_table "$verb options")" "$current"
    else
        kind=$(_catena_table "$verb $((position + 1))")
        if [[ $kind == -command ]]; then kind=$(_catena_table "$verb options"); fi
        _catena_reply "$kind" "$current"
    fi
    # Bash replaces only what comes behind the last : or = of the word.
    if [[ $COMP_WORDBREAKS == *:* && $current == *[:=]* ]]; then
        taken=${current%"${current##*[:=]}"}
        COMPREPLY=("${COMPREPLY[@]#"$taken"}")
    fi
}

complete -o filenames -F _catena catena
)bash";

std::string bash_script(const CLI::App& app) {
    std::vector<std::string> verbs;
    std::string rows;
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        verbs.push_back(verb->get_name());
        rows += table_rows(verb->get_name(), *verb);
    }
    return "# bash completion for catena, made by: catena completion bash\n\n"
           "# What can stand behind a verb and an option of it, or in its nth place; nothing where nothing "
           "can.\n"
           "_catena_table() {\n    case $1 in\n" +
           table_row(" 1", words_kind("words", verbs)) + table_rows("", app) + rows + "    esac\n}\n" +
           kFunction;
}

}  // namespace

void add_completion(CLI::App& app, int& exit_code) {
    CLI::App* command =
        app.add_subcommand("completion", "Print a script that makes a shell complete catena's command lines");
    const auto shell = std::make_shared<std::string>();
    command->add_option("SHELL", *shell, "bash")->required()->check(CLI::IsMember({"bash"}));
    command->footer(kExamples);
    command->callback([shell, &app, &exit_code] {
        fmt::print("{}", bash_script(app));
        exit_code = std::fflush(stdout) == 0
                        ? kDone
                        : report({base::ErrorCode::System, errno, "standard output cannot be written"});
    });
}

}  // namespace catena::cli
