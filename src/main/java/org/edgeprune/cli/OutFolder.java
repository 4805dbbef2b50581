package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.edgeprune.io.Folders;
import org.edgeprune.io.InputException;

/** Protects the files of others in a command's {@code --out}. */
final class OutFolder {
    private OutFolder() {}

    /**
     * Refuses a directory with files unless at least one of them is the command's.
     *
     * @param what the command writes, for the message
     * @param own whether a file is the command's
     */
    static void requireOwnOrEmpty(Path out, String what, Predicate<Path> own) {
        List<Path> files = Folders.visible(out);
        if (!files.isEmpty() && files.stream().noneMatch(own)) {
            throw new InputException(out + ": holds files but no " + what + ", such as "
                    + files.getFirst().getFileName() + ": choose another --out, or an empty directory");
        }
    }
}
