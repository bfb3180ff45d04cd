// How the rows of a recording become events and entities. Each columns function says what to select, each
// to_… function reads one row of that. Nothing is trusted: types are cast, numbers may be any, names that are
// not known become the first one.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "event/call.h"
#include "event/entity.h"
#include "event/event.h"
#include "event/function.h"
#include "store/duckdb/database.h"

namespace catena::store::duckdb {

Column integer_column(const std::string& expression);
Column text_column(const std::string& expression);

// `contexts`: the table has that column; recordings of an older Catena have not.
std::vector<Column> event_columns(bool contexts);
event::Event to_event(const Chunk& chunk, std::size_t row);

// What Reader::flows gives of an event.
std::vector<Column> flow_columns();
event::Event to_flow(const Chunk& chunk, std::size_t row);

std::vector<Column> call_columns(bool contexts);
event::Call to_call(const Chunk& chunk, std::size_t row);

// `present` names the columns that view images has: recordings of an older Catena have none of those that say
// on whose behalf a process ran, and the image then says nothing either.
std::vector<Column> process_columns(const std::set<std::string>& present);
event::ProcessImage to_process(const Chunk& chunk, std::size_t row);

std::vector<Column> file_columns();
event::FileName to_file(const Chunk& chunk, std::size_t row);

std::vector<Column> socket_columns();
event::Socket to_socket(const Chunk& chunk, std::size_t row);

std::vector<Column> object_columns();
event::Object to_object(const Chunk& chunk, std::size_t row);

std::vector<Column> function_path_columns();
event::FunctionPath to_function_path(const Chunk& chunk, std::size_t row);

// Sums over the CPUs, from table loss.
std::vector<Column> accounting_columns();
event::Accounting to_accounting(const Chunk& chunk, std::size_t row);

}  // namespace catena::store::duckdb
