// Symbols come first, in the order in which their sources are believed. What .eh_frame describes and no
// symbol covers comes next, and then what code calls and neither has. Each step only adds addresses that are
// not there yet.
#include "elf/functions.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "elf/call_targets.h"
#include "elf/code_map.h"
#include "elf/debug_files.h"
#include "elf/eh_frame.h"
#include "elf/symbols.h"

namespace catena::elf {
namespace {

// How well a symbol stands for its address: the least is its name, others are aliases. A name with a size
// before one without; one for others before one of the file's own; the plain one before those with
// underscores (libc's write before __write), and the short one before the long one.
auto rank(const FunctionSymbol& symbol) {
    const std::size_t underscores = std::min(symbol.name.find_first_not_of('_'), symbol.name.size());
    return std::tuple(symbol.source, symbol.name.empty(), symbol.size_bytes == 0, !symbol.for_others,
                      underscores, symbol.weak, symbol.name.size(), symbol.name);
}

// "f.cold", "f.cold.12", "f.part.0.cold": what the compiler split off as seldom run.
bool is_cold_name(std::string_view name) {
    const std::size_t found = name.rfind(".cold");
    if (found == std::string_view::npos) return false;
    const std::string_view rest = name.substr(found + 5);
    return rest.empty() ||
           (rest.starts_with('.') && rest.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

class Merger {
  public:
    Merger(const Image& image, const FunctionOptions& options)
        : image_(image), options_(options), code_(image) {
        ranges_ = eh_frame_ranges(image);
        std::erase_if(ranges_, [this](const CodeRange& each) { return code_.is_plt(each.address); });
    }

    std::vector<Function> run() {
        add(symtab_functions(image_, FunctionSource::Symtab));
        add(dynsym_functions(image_));
        sort_symbols();
        // Images whose symbols the names are views into.
        std::optional<Image> debug;
        std::optional<Image> mini;
        if (!options_.debug_roots.empty() && any_range_is_nameless())
            debug = open_debug_file(image_, options_.debug_roots);
        if (debug) add(symtab_functions(*debug, FunctionSource::DebugFile));
        if (debug) sort_symbols();
        if (any_range_is_nameless()) mini = open_mini_debug_info(image_);
        if (mini) add(symtab_functions(*mini, FunctionSource::MiniDebugInfo));
        if (mini) sort_symbols();
        make_named();
        add_nameless_ranges();
        add_call_targets();
        return std::move(functions_);
    }

  private:
    void add(std::vector<FunctionSymbol>&& symbols) {
        for (FunctionSymbol& each : symbols) {
            if (image_.is_executable(each.address) && !code_.is_plt(each.address)) symbols_.push_back(each);
        }
    }

    void sort_symbols() { std::ranges::sort(symbols_, {}, &FunctionSymbol::address); }

    [[nodiscard]] const CodeRange* range_at(std::uint64_t address) const {
        const auto found = std::ranges::lower_bound(ranges_, address, {}, &CodeRange::address);
        return found != ranges_.end() && found->address == address ? &*found : nullptr;
    }

    [[nodiscard]] bool any_range_is_nameless() const {
        auto symbol = symbols_.begin();
        for (const CodeRange& each : ranges_) {
            while (symbol != symbols_.end() && symbol->address < each.address) ++symbol;
            if (!each.part && (symbol == symbols_.end() || symbol->address != each.address)) return true;
        }
        return false;
    }

    void make_named() {
        functions_.reserve(ranges_.size());
        for (auto begin = symbols_.begin(); begin != symbols_.end();) {
            const auto end = std::find_if(begin, symbols_.end(), [&](const FunctionSymbol& each) {
                return each.address != begin->address;
            });
            std::sort(begin, end,
                      [](const FunctionSymbol& a, const FunctionSymbol& b) { return rank(a) < rank(b); });
            functions_.push_back(make_function({begin, end}));
            begin = end;
        }
    }

    // Of all symbols of one address, the best first.
    [[nodiscard]] Function make_function(std::span<const FunctionSymbol> symbols) const {
        const FunctionSymbol& best = symbols.front();
        Function function{.address = best.address,
                          .file_offset = image_.file_offset(best.address).value_or(0),
                          .name = std::string(best.name),
                          .source = best.source};
        bool ifunc = false;
        for (const FunctionSymbol& each : symbols) {
            function.size_bytes = std::max(function.size_bytes, each.size_bytes);
            ifunc = ifunc || each.ifunc;
        }
        // The same name stands in .symtab and in .dynsym.
        for (const FunctionSymbol& each : symbols.subspan(1)) {
            if (!each.name.empty() && each.name != best.name) function.aliases.emplace_back(each.name);
        }
        std::ranges::sort(function.aliases);
        const auto same = std::ranges::unique(function.aliases);
        function.aliases.erase(same.begin(), same.end());

        const CodeRange* range = range_at(best.address);
        if (function.size_bytes == 0 && range != nullptr) function.size_bytes = range->size_bytes;
        function.size_bytes =
            std::min<std::uint64_t>(function.size_bytes, image_.bytes_from(best.address).size());
        if (ifunc) function.kind = FunctionKind::IfuncResolver;
        if (is_cold_name(best.name) || (range != nullptr && range->part)) function.kind = FunctionKind::Part;
        return function;
    }

    [[nodiscard]] Function make_nameless(std::uint64_t address, std::uint64_t size_bytes,
                                         FunctionSource source) const {
        return {.address = address,
                .size_bytes = size_bytes,
                .file_offset = image_.file_offset(address).value_or(0),
                .source = source};
    }

    // A symbol covers what .eh_frame has for its address, where it has something: a size in a symbol table is
    // anybody's word, and one that is too large must not hide what follows.
    void add_nameless_ranges() {
        std::vector<Function> nameless;
        auto symbol = functions_.begin();
        std::uint64_t covered = 0;
        for (const CodeRange& each : ranges_) {
            for (; symbol != functions_.end() && symbol->address <= each.address; ++symbol) {
                const CodeRange* own = range_at(symbol->address);
                covered = symbol->address + (own != nullptr ? own->size_bytes : symbol->size_bytes);
            }
            const bool named = symbol != functions_.begin() && std::prev(symbol)->address == each.address;
            if (named || each.address < covered) continue;
            nameless.push_back(make_nameless(each.address, each.size_bytes, FunctionSource::EhFrame));
            if (each.part) nameless.back().kind = FunctionKind::Part;
        }
        merge(std::move(nameless));
    }

    void add_call_targets() {
        std::vector<CodeRange> known;
        known.reserve(functions_.size());
        for (const Function& each : functions_)
            known.push_back({.address = each.address, .size_bytes = each.size_bytes});
        std::vector<Function> called;
        for (const std::uint64_t address : unknown_call_targets(image_, code_, known))
            called.push_back(make_nameless(address, 0, FunctionSource::CallTarget));
        merge(std::move(called));
    }

    void merge(std::vector<Function>&& more) {
        if (more.empty()) return;
        std::ranges::move(more, std::back_inserter(functions_));
        std::ranges::sort(functions_, {}, &Function::address);
    }

    const Image& image_;
    const FunctionOptions& options_;
    CodeMap code_;
    std::vector<CodeRange> ranges_;
    std::vector<FunctionSymbol> symbols_;
    std::vector<Function> functions_;
};

}  // namespace

std::string_view to_string(FunctionSource source) {
    switch (source) {
        case FunctionSource::Symtab:
            return "symtab";
        case FunctionSource::DebugFile:
            return "debug-file";
        case FunctionSource::MiniDebugInfo:
            return "mini-debug-info";
        case FunctionSource::Dynsym:
            return "dynsym";
        case FunctionSource::EhFrame:
            return "eh-frame";
        case FunctionSource::CallTarget:
            return "call-target";
    }
    return "";
}

std::string_view to_string(FunctionKind kind) {
    switch (kind) {
        case FunctionKind::Plain:
            return "function";
        case FunctionKind::IfuncResolver:
            return "ifunc-resolver";
        case FunctionKind::Part:
            return "part";
    }
    return "";
}

base::Result<std::vector<Function>> functions(const Image& image, const FunctionOptions& options) {
    if (auto status = image.check_supported(); !status) return std::unexpected(std::move(status).error());
    return Merger(image, options).run();
}

}  // namespace catena::elf
