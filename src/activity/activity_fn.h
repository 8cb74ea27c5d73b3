/*
 * activity_fn.h: conditions on events answered from the activity bitmaps of a mart; for the SQL of segments.
 */
#ifndef CRMSEG_ACTIVITY_FN_H
#define CRMSEG_ACTIVITY_FN_H

#include "segment/sql_fn.h"

/*
 * SQL of a condition, or of its contrary, from the bitmaps; NULL when it is not such a condition, or they are not kept or not for this reader.
 * Of conditions joined by and (or) it may answer some; *rest are the others, joined likewise.
 */
extern char *activity_condition_sql(segment_scope *s, const segment_node *n, bool negated, const segment_node **rest);

/* SELECT of the party_id of all members, NULL as above */
extern char *activity_members_sql(segment_scope *s, const segment_node *n);

/* SELECT of their set, parties, likewise */
extern char *activity_set_sql(segment_scope *s, const segment_node *n);
/* how many they are */
extern char *activity_count_sql(segment_scope *s, const segment_node *n);

/* the setting crmseg.use_activity */
extern bool activity_is_used(void);
extern void activity_init(void);

#endif
