/* cli/simulate_table: what came of a rehearsal, as a table for people. */
#ifndef TOCSIN_CLI_SIMULATE_TABLE_H
#define TOCSIN_CLI_SIMULATE_TABLE_H

#include "model/records.h"

void print_simulation(const struct simulation *simulation, bool has_texts);

#endif
