// SPDX-License-Identifier: Apache-2.0
/**
 * The types of API group procmig.io, version v1alpha1.
 *
 * <p>Enum constants are spelled as they appear on the wire, so that one search finds the word in
 * manifests, logs, documents and code. Durations are text such as {@code 500ms} ({@link
 * io.procmig.api.v1alpha1.GoDuration}), times are RFC 3339 text in UTC, and sizes are bytes.
 *
 * <p>The schemas in {@code manifests/crds} are generated from these classes by {@code make
 * generate} and checked for drift and for compatibility with the released ones.
 */
package io.procmig.api.v1alpha1;
