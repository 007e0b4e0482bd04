/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/digest.h"

#include <string.h>

static uint64_t key[2] = { 0x736563, 0x6d6772 };

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void round_of(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

/* Aumasson, Bernstein: SipHash, a fast short-input PRF (1-3 rounds). */
static uint64_t sip_hash(const uint64_t k[2], const void *bytes, size_t n)
{
	uint64_t v[4] = { k[0] ^ 0x736f6d6570736575u,
			  k[1] ^ 0x646f72616e646f6du,
			  k[0] ^ 0x6c7967656e657261u,
			  k[1] ^ 0x7465646279746573u };
	const uint8_t *p = bytes;
	uint64_t m, last = (uint64_t)n << 56;
	size_t whole = n & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8) {
		memcpy(&m, p + i, 8);
		v[3] ^= m;
		round_of(v);
		v[0] ^= m;
	}
	for (size_t i = whole; i < n; i++)
		last |= (uint64_t)p[i] << (8 * (i - whole));
	v[3] ^= last;
	round_of(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	round_of(v);
	round_of(v);
	round_of(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#define LONG_BYTES 256 /* too long to be guessed, long enough to be slow */

static uint64_t multiply(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* 64 bytes into four lanes, the way wyhash (public domain) does it. */
static void fold(uint64_t lanes[4], const uint8_t *p)
{
	uint64_t w[8];

	memcpy(w, p, sizeof(w));
	lanes[0] = multiply(w[0] ^ key[0], w[1] ^ lanes[0]);
	lanes[1] = multiply(w[2] ^ key[1], w[3] ^ lanes[1]);
	lanes[2] = multiply(w[4] ^ ~key[0], w[5] ^ lanes[2]);
	lanes[3] = multiply(w[6] ^ ~key[1], w[7] ^ lanes[3]);
}

/*
 * Modules are long: hashing what marshal reads at SipHash's pace took four
 * fifths of the agent's time while Django started.
 */
uint64_t sm_digest(const void *bytes, size_t n)
{
	struct {
		uint64_t lanes[4], length;
		uint8_t tail[64];
	} all = { { 1, 2, 3, 4 }, n, { 0 } };
	const uint8_t *p = bytes, *end = p + n;

	if (n <= LONG_BYTES)
		return sip_hash(key, bytes, n);
	for (; end - p >= 64; p += 64)
		fold(all.lanes, p);
	memcpy(all.tail, p, (size_t)(end - p));
	return sip_hash(key, &all, sizeof(all));
}

void sm_digest_key(const uint8_t bytes[SM_DIGEST_KEY_BYTES])
{
	memcpy(key, bytes, sizeof(key));
}

uint64_t sm_digest_fixed(const void *bytes, size_t n)
{
	static const uint64_t fixed[2] = { 0x736563, 0x6d6772 };

	return sip_hash(fixed, bytes, n);
}
