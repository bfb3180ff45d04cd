#include "cli/table_printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "event/escape.h"

namespace catena::cli {
namespace {

void write(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

bool is_number_type(std::string_view type) {
    constexpr std::array<std::string_view, 12> kTypes = {"TINYINT", "SMALLINT", "INTEGER",   "BIGINT",
                                                         "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
                                                         "UBIGINT", "UHUGEINT", "FLOAT",     "DOUBLE"};
    return std::ranges::find(kTypes, type) != kTypes.end() || type.starts_with("DECIMAL(");
}

class TextPrinter final : public TablePrinter {
  public:
    void begin(const store::Table& table) override {
        columns_.resize(table.columns.size());
        std::vector<std::string> names;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            names.push_back(printable(table.columns[i]));
            columns_[i].number = is_number_type(table.types[i]);
        }
        hold(std::move(names));
    }

    void row(const store::Row& row) override {
        std::vector<std::string> cells;
        cells.reserve(row.size());
        for (const auto& cell : row) cells.push_back(cell ? printable(*cell) : "NULL");
        if (begun_) {
            print(cells);
            return;
        }
        hold(std::move(cells));
        if (held_.size() >= kHeldRows || held_bytes_ >= kHeldBytes) print_held();
    }

    void end() override {
        if (!begun_) print_held();
    }

  private:
    struct Column {
        std::size_t width = 0;
        bool number = false;
    };

    // Rows whose widths are looked at before the first is printed. Later ones that are wider stick out.
    static constexpr std::size_t kHeldRows = 500;
    static constexpr std::size_t kHeldBytes = std::size_t{4} << 20U;
    // A column of command lines must not push the next one off the screen for every row.
    static constexpr std::size_t kMaxWidth = 60;

    // Backslashes stay as they are: a recording's text is escaped already.
    static std::string printable(std::string_view text) {
        std::string shown;
        while (true) {
            const std::size_t plain = std::min(text.find('\\'), text.size());
            shown += event::escape_for_terminal(text.substr(0, plain));
            if (plain == text.size()) return shown;
            shown += '\\';
            text.remove_prefix(plain + 1);
        }
    }

    static std::size_t width(std::string_view text) {
        return static_cast<std::size_t>(std::ranges::count_if(
            text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
    }

    void hold(std::vector<std::string>&& cells) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            columns_[i].width = std::max(columns_[i].width, std::min(width(cells[i]), kMaxWidth));
            held_bytes_ += cells[i].size();
        }
        held_.push_back(std::move(cells));
    }

    void print_held() {
        begun_ = true;
        for (std::size_t i = 0; i < held_.size(); ++i) {
            print(held_[i]);
            if (i > 0) continue;
            std::vector<std::string> rule;
            rule.reserve(columns_.size());
            for (const Column& column : columns_) rule.emplace_back(column.width, '-');
            print(rule);
        }
        held_.clear();
    }

    void print(const std::vector<std::string>& cells) const {
        std::string line;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::size_t taken = width(cells[i]);
            const std::size_t padding = columns_[i].width - std::min(taken, columns_[i].width);
            if (i > 0) line += "  ";
            if (columns_[i].number) line.append(padding, ' ');
            line += cells[i];
            if (!columns_[i].number && i + 1 < cells.size()) line.append(padding, ' ');
        }
        write(line + '\n');
    }

    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> held_;
    std::size_t held_bytes_ = 0;
    bool begun_ = false;
};

class JsonPrinter final : public TablePrinter {
  public:
    void begin(const store::Table& table) override {
        std::set<std::string> taken;
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            std::string name = table.columns[i];
            for (int n = 2; !taken.insert(name).second; ++n) name = fmt::format("{}_{}", table.columns[i], n);
            keys_.push_back(quoted(name) + ":");
            const bool bare = is_number_type(table.types[i]) || table.types[i] == "BOOLEAN";
            bare_.push_back(bare);
        }
    }

    void row(const store::Row& row) override {
        std::string line = first_ ? "[\n{" : ",\n{";
        first_ = false;
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i > 0) line += ',';
            line += keys_[i] + value(row[i], bare_[i]);
        }
        write(line + '}');
    }

    void end() override { write(first_ ? "[]\n" : "\n]\n"); }

  private:
    static std::string quoted(const std::string& text) {
        return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    static std::string value(const std::optional<std::string>& cell, bool bare) {
        if (!cell) return "null";
        if (!bare) return quoted(*cell);
        const bool finite = cell->find("inf") == std::string::npos && cell->find("nan") == std::string::npos;
        return finite ? *cell : "null";
    }

    std::vector<std::string> keys_;
    std::vector<bool> bare_;  // printed without quotes
    bool first_ = true;
};

class CsvPrinter final : public TablePrinter {
  public:
    void begin(const store::Table& table) override {
        row(store::Row(table.columns.begin(), table.columns.end()));
    }

    void row(const store::Row& row) override {
        std::string line;
        for (const auto& cell : row) {
            if (&cell != row.data()) line += ',';
            if (cell) line += field(*cell);
        }
        write(line + '\n');
    }

    void end() override {}

  private:
    static std::string field(const std::string& text) {
        if (!text.empty() && text.find_first_of(",\"\r\n") == std::string::npos) return text;
        std::string quoted = "\"";
        for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
        return quoted + '"';
    }
};

}  // namespace

std::unique_ptr<TablePrinter> make_table_printer(std::string_view format) {
    if (format == "json") return std::make_unique<JsonPrinter>();
    if (format == "csv") return std::make_unique<CsvPrinter>();
    return std::make_unique<TextPrinter>();
}

}  // namespace catena::cli
