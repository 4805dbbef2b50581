package org.edgeprune.engine;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/** How long threads have computed. */
final class CpuTime {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private CpuTime() {}

    /** Of the calling thread, nanoseconds; 0 where the system does not say. */
    static long ofThread() {
        return THREADS.isCurrentThreadCpuTimeSupported() ? Math.max(0, THREADS.getCurrentThreadCpuTime()) : 0;
    }
}
