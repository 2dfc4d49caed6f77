#!/usr/bin/env python3
"""RSA keys for many simulated nodes, fast: herd_keys.py COUNT FILE

Each key is the product of two primes out of a few hundred, all pairs different. Such keys are good for a
simulation and for nothing else: who has two of them can tell their primes.

For each node: the lengths of both keys in two bytes each, the public key (DER of SubjectPublicKeyInfo), the
private key (DER of PKCS 8).
"""

import itertools
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

EXPONENT = 65537


def primes(count):
    found = []
    while len(found) < count:
        numbers = rsa.generate_private_key(EXPONENT, 2048).private_numbers()
        found += [numbers.p, numbers.q]
    return found


def key(p, q):
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(EXPONENT, p * q)
    return rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public,
    ).private_key(unsafe_skip_rsa_key_validation=True)


def main():
    count = int(sys.argv[1])
    needed = 2
    while needed * (needed - 1) // 2 < count:
        needed += 1
    pairs = itertools.combinations(primes(needed), 2)
    with open(sys.argv[2], "wb") as file:
        for p, q in itertools.islice(pairs, count):
            made = key(p, q)
            parts = [
                made.public_key().public_bytes(
                    serialization.Encoding.DER,
                    serialization.PublicFormat.SubjectPublicKeyInfo),
                made.private_bytes(
                    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption())]
            for part in parts:
                file.write(len(part).to_bytes(2, "big"))
            file.writelines(parts)


if __name__ == "__main__":
    main()
