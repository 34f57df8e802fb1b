// SPDX-License-Identifier: Apache-2.0
/** What is tested end to end. */
package io.procmig.e2e.suite;
