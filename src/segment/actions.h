/*
 * actions.h: what the rules of grammar.y do. Each makes or changes a node; what is wrong is noted in the reader, which ends the parse.
 */
#ifndef CRMSEG_SEGMENT_ACTIONS_H
#define CRMSEG_SEGMENT_ACTIONS_H

#include "segment/segment_private.h"

extern segment_node *segment_both(segment_reader *r, segment_kind kind, segment_node *a, segment_node *b);
extern segment_node *segment_negate(segment_reader *r, segment_node *node, uint32_t position);
extern segment_node *segment_tested(segment_reader *r, segment_node *node, int test, uint32_t position);
extern segment_node *segment_leaf_of(segment_reader *r, segment_kind kind, segment_node *operand);
extern segment_node *segment_flag(segment_reader *r, segment_node *operand);
extern segment_node *segment_compared(segment_reader *r, segment_node *operand, int op, segment_value value);
extern segment_node *segment_with_values(segment_reader *r, segment_kind kind, segment_node *operand, const segment_list *values);
extern segment_node *segment_between(segment_reader *r, segment_node *operand, segment_value low, segment_value high);
extern segment_node *segment_alike(segment_reader *r, segment_node *operand, int ilike, segment_text pattern);
extern segment_node *segment_having(segment_reader *r, segment_node *operand, int how, const segment_list *values);
extern segment_node *segment_timed(segment_reader *r, segment_kind kind, segment_node *operand, segment_window when);
extern segment_node *segment_constant(segment_reader *r, segment_truth truth, uint32_t position);
extern segment_node *segment_done(segment_reader *r, segment_node *step, const int32_t *count, segment_window when, uint32_t position);
extern segment_node *segment_chain(segment_reader *r, segment_node *chain, segment_node *first, segment_node *next);
extern segment_node *segment_chained(segment_reader *r, segment_node *chain, segment_window span, segment_window when, uint32_t position);
extern segment_node *segment_ended(segment_reader *r, const segment_text *event, segment_window span, const segment_text *times, const segment_text *again, uint32_t position);
extern segment_node *segment_named(segment_reader *r, segment_kind kind, segment_text name, uint32_t position);
extern void segment_add_string(segment_reader *r, segment_node *node, segment_text text);
extern segment_node *segment_sampled(segment_reader *r, const segment_value *from, segment_value to, segment_text seed, uint32_t position);
extern segment_node *segment_placed(segment_reader *r, segment_value km, segment_value lat, segment_value lon, uint32_t position);
extern segment_node *segment_ranked(segment_reader *r, segment_value n, bool percent, segment_node *operand, uint32_t position);
extern segment_node *segment_attribute(segment_reader *r, const segment_list *path, uint32_t position);
extern segment_node *segment_edge(segment_reader *r, int last, const segment_list *path, uint32_t position);
extern segment_node *segment_edge_where(segment_reader *r, int last, segment_node *step, segment_window when, const segment_list *path, uint32_t position);
extern segment_node *segment_measured(segment_reader *r, int op, const segment_list *path, segment_node *where, segment_window when, uint32_t position);
extern segment_node *segment_step(segment_reader *r, segment_text event, segment_node *where, uint32_t position);
extern void segment_counted(segment_reader *r, int32_t *count, const segment_text *min, const segment_text *max, int add_min, int add_max, uint32_t position);
extern segment_window segment_window_of(segment_window_kind kind, int unit, int32_t amount);
extern int32_t segment_amount(segment_reader *r, const segment_text *digits, uint32_t position);
extern segment_list segment_listed(segment_reader *r, segment_list list, segment_value value);
extern segment_value segment_word_value(segment_value_kind kind, const char *word);
extern segment_value segment_number_value(segment_reader *r, const segment_text *digits, bool negative, uint32_t position);
extern segment_value segment_time_value(segment_reader *r, segment_value_kind kind, const segment_text *text, uint32_t position);

#endif
