// Printers of a query's result: one a format. Rows are printed as they come; none holds more than a screenful
// or two.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "store/store.h"

namespace catena::cli {

// Writes to standard output. begin() once, then row() for each row, then end() unless the rows ended in an
// error.
class TablePrinter {
  public:
    virtual ~TablePrinter() = default;
    virtual void begin(const store::Table& table) = 0;
    virtual void row(const store::Row& row) = 0;
    virtual void end() = 0;
};

// `format` is "text", "json" or "csv".
//   text  columns are aligned, by the first rows at least; control characters are shown as escapes.
//   json  an array of objects, one a line. SQL's numbers and booleans are JSON's, except those that JSON has
//   not (inf, nan:
//         null); everything else is a string. Names of columns that repeat get a number.
//   csv   RFC 4180 with line feeds. NULL is empty, the empty string is "".
std::unique_ptr<TablePrinter> make_table_printer(std::string_view format);

}  // namespace catena::cli
