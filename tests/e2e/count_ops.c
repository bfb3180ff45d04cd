/*
 * Counts the events of a recording by operation with DuckDB alone, none of Catena's code: what any other client would see.
 * Prints "op<TAB>count" lines, ordered by op.
 */
#include <duckdb.h>
#include <stdio.h>

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "count_ops: %s: %s\n", what, why ? why : "no reason given");
	return 1;
}

static int print_counts(duckdb_connection connection)
{
	duckdb_result result;

	if (duckdb_query(connection, "select op::varchar, count(*) from events group by op order by op::varchar", &result) !=
	    DuckDBSuccess) {
		fail("query", duckdb_result_error(&result));
		duckdb_destroy_result(&result);
		return 1;
	}
	for (idx_t row = 0; row < duckdb_row_count(&result); row++) {
		char *op = duckdb_value_varchar(&result, 0, row);

		printf("%s\t%lld\n", op, (long long)duckdb_value_int64(&result, 1, row));
		duckdb_free(op);
	}
	duckdb_destroy_result(&result);
	return 0;
}

int main(int argc, char **argv)
{
	duckdb_database database;
	duckdb_connection connection;
	duckdb_config config;
	char *error = NULL;
	int status;

	if (argc != 2)
		return fail("usage", "count_ops TRACE");
	duckdb_create_config(&config);
	duckdb_set_config(config, "access_mode", "READ_ONLY");
	if (duckdb_open_ext(argv[1], &database, config, &error) != DuckDBSuccess)
		return fail(argv[1], error);
	if (duckdb_connect(database, &connection) != DuckDBSuccess)
		return fail(argv[1], "no connection");
	status = print_counts(connection);
	duckdb_disconnect(&connection);
	duckdb_close(&database);
	duckdb_destroy_config(&config);
	return status;
}
