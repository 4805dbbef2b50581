package org.edgeprune.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.edgeprune.fixture.NoLocks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderLockTest {
    @TempDir
    Path dir;

    /** Another process: locks the folder, says so, and waits until it is killed or its input ends. */
    public static final class Holder {
        public static void main(String[] folder) throws IOException {
            try (FolderLock lock = FolderLock.of(Path.of(folder[0]))) {
                System.out.println(lock.note().orElse("holds it"));
                System.in.read();
            }
        }
    }

    private static ProcessBuilder holder(Path folder) {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        folder.toString())
                .redirectError(Redirect.INHERIT);
    }

    private static Process hold(Path folder) throws IOException {
        return hold(holder(folder), "holds it");
    }

    private static Process hold(ProcessBuilder process, String says) throws IOException {
        Process holder = process.start();
        assertEquals(says, new BufferedReader(holder.inputReader()).readLine());
        return holder;
    }

    private static void end(Process holder) throws Exception {
        holder.getOutputStream().close();
        assertEquals(0, holder.waitFor());
    }

    @Test
    void onAFileSystemWithoutLocksEveryoneIsToldThatNobodyIsKeptAway() throws Exception {
        Path folder = dir.resolve("run");
        ProcessBuilder without = holder(folder);
        without.environment().put("LD_PRELOAD", NoLocks.build(dir).toString());
        String note =
                folder + ": this file system has no locks (No locks available); let no other process write to this"
                        + " folder meanwhile";
        Process first = hold(without, note);
        Process second = hold(without, note);
        end(first);
        assertTrue(Files.exists(folder.resolve(FolderLock.FILE)), "it may be another's lock all the same");
        end(second);
        end(hold(folder));
    }

    @Test
    void anotherProcessIsRefusedWithThePidOfTheHolderAndAKillNeedsNoCleaning() throws Exception {
        Path folder = dir.resolve("run");
        Process holder = hold(folder);
        for (int i = 0; i < 2; i++) {
            String refused = assertThrows(InputException.class, () -> FolderLock.of(folder))
                    .getMessage();
            assertEquals(
                    folder + ": another process (PID " + holder.pid()
                            + ") works on it: wait until that ends, or name another folder",
                    refused);
        }
        holder.destroyForcibly().waitFor();
        assertTrue(Files.exists(folder.resolve(FolderLock.FILE)), "a kill leaves the file");
        try (FolderLock lock = FolderLock.of(folder)) {
            assertEquals(Optional.empty(), lock.note());
            // a refusal within this process must not release what it holds
            assertThrows(InputException.class, () -> FolderLock.of(folder));
            Process second = holder(folder)
                    .redirectError(Redirect.PIPE)
                    .redirectErrorStream(true)
                    .start();
            String said = new String(second.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(
                    said.contains(
                            "another process (PID " + ProcessHandle.current().pid() + ") works on it"),
                    said);
        }
        end(hold(folder));
        assertEquals(0, folder.toFile().list().length, "an orderly end leaves nothing");
    }

    @Test
    @SuppressWarnings("try") // closed twice
    void oneProcessHoldsAFolderOnceAlsoUnderAnotherName() throws IOException {
        Path folder = Files.createDirectory(dir.resolve("run"));
        Path link = Files.createSymbolicLink(dir.resolve("link"), folder);
        try (FolderLock lock = FolderLock.of(folder)) {
            String refused = assertThrows(InputException.class, () -> FolderLock.of(link))
                    .getMessage();
            assertTrue(
                    refused.startsWith(link + ": this process (PID "
                            + ProcessHandle.current().pid() + ") works on it"),
                    refused);
            lock.close();
            FolderLock.of(link).close();
        }
    }

    @Test
    void ofManyThreadsOneAtATimeHoldsIt() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger held = new AtomicInteger();
        try (ExecutorService pool = Executors.newFixedThreadPool(8)) {
            Callable<Void> work = () -> {
                for (int i = 0; i < 50; i++) {
                    try (FolderLock _ = FolderLock.of(dir.resolve("shared"))) {
                        assertEquals(1, inside.incrementAndGet());
                        held.incrementAndGet();
                        inside.decrementAndGet();
                    } catch (InputException refused) {
                        Thread.onSpinWait();
                    }
                }
                return null;
            };
            for (Future<Void> done :
                    pool.invokeAll(IntStream.range(0, 8).mapToObj(i -> work).toList())) {
                done.get();
            }
        }
        assertTrue(held.get() > 0);
    }

    @Test
    void aFolderMadeForTheLockGoesWithItUnlessItIsUsed() throws IOException {
        FolderLock.of(dir.resolve("a/b/c")).close();
        assertFalse(Files.exists(dir.resolve("a")));
        try (FolderLock lock = FolderLock.of(dir.resolve("a/b/c"))) {
            Files.writeString(lock.folder().resolve("f"), "x");
        }
        assertEquals("x", Files.readString(dir.resolve("a/b/c/f")));
        assertFalse(Files.exists(dir.resolve("a/b/c/.lock")));
    }

    @Test
    void whatIsNoFolderIsRefused() throws IOException {
        Path file = Files.writeString(dir.resolve("file"), "");
        assertEquals(
                file + ": is a file: name another folder",
                assertThrows(InputException.class, () -> FolderLock.of(file)).getMessage());
    }

    @Test
    void aThreadThatIsInterruptedLocksToo() {
        Thread.currentThread().interrupt();
        try (FolderLock _ = FolderLock.of(dir.resolve("run"))) {
            assertTrue(Thread.interrupted());
            assertTrue(Files.exists(dir.resolve("run/.lock")));
            assertThrows(InputException.class, () -> FolderLock.of(dir.resolve("run")));
        }
    }
}
