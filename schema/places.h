/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places.h: places and names that mean the same on every Linux system, by
 * their spelling alone.
 */
#ifndef SCHEMA_PLACES_H
#define SCHEMA_PLACES_H

#include "schema/value.h"

/* dir is, or lies in, the system's own: /etc, /usr, homes, devices, ... */
bool sm_place_is_system(struct sm_str dir);
/* Its entries belong to different programs or people: /tmp, /var/lib, ... */
bool sm_place_is_shared(struct sm_str dir);
/* A component begins with a dot. */
bool sm_place_is_dotted(struct sm_str dir);
/* Names that stay literal wherever they stand: dotfiles, keys, start-up. */
bool sm_is_guarded_name(struct sm_str name);
/* ".jpg" of "a.b.jpg", ".tar.gz" of "x.tar.gz"; empty when there is none. */
struct sm_str sm_extension(struct sm_str name);

#endif
