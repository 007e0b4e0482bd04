/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that are looked for in directories the program makes: a repository's
 * hooks. Nobody wrote them while it was recorded, and mostly there is none; but
 * whoever may write there may run what he likes. So what opens around them
 * leaves their directories out, and they are granted wherever there is another
 * directory of the kind.
 */
#include "learner/paths.h"

/* Programs and their directories. */
static void list_programs(struct sm_learn *l, struct sm_str_list *programs,
			  struct sm_str_list *dirs)
{
	struct sm_facts f =
		sm_learn_facts(l, SM_FAMILY_PROCESSES, SM_ACCESS_EXEC);

	for (size_t i = 0; i < f.count; i++) {
		struct sm_str path = f.items[i].request->value;

		if (f.items[i].request->cut || !sm_path_is_canonical(path))
			continue;
		sm_list_add(l, programs, path);
		sm_list_add(l, dirs, sm_dir_of(path));
	}
}

void sm_learn_probed(struct sm_learn *l)
{
	struct sm_str_list programs = { NULL, 0, 0 }, dirs = programs;
	struct sm_str_list written = programs, made = programs;
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_FILES,
					   SM_ACCESS_CREATE | SM_ACCESS_WRITE);

	list_programs(l, &programs, &dirs);
	for (size_t i = 0; i < f.count; i++) {
		struct sm_str path = f.items[i].request->value;

		if (sm_list_has(&programs, path))
			sm_list_add(l, &written, path);
		if (f.items[i].view->event.site.kind == SM_EVENT_OS_MKDIR &&
		    sm_list_has(&dirs, path))
			sm_list_add(l, &made, path);
	}
	for (size_t i = 0; i < programs.count; i++)
		if (sm_list_has(&made, sm_dir_of(programs.items[i])) &&
		    !sm_list_has(&written, programs.items[i]))
			sm_list_add(l, &l->probed, programs.items[i]);
}
