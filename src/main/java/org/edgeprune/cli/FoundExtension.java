package org.edgeprune.cli;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.io.Extensions;
import org.edgeprune.model.Architectures;
import org.edgeprune.task.Scorers;
import org.edgeprune.task.Tasks;

/**
 * An architecture, task or scorer on the class path, for {@code info --extensions}.
 *
 * @param kind {@code architecture}, {@code task} or {@code scorer}
 * @param name its name on the command line or in config.json
 * @param type its class
 * @param source the jar or directory that contains it
 */
record FoundExtension(String kind, String name, String type, String source) {
    static List<FoundExtension> all() {
        List<FoundExtension> found = new ArrayList<>();
        Architectures.find()
                .byModelType()
                .forEach((name, architecture) -> found.add(of("architecture", name, architecture)));
        Tasks.all().forEach(task -> found.add(of("task", task.name(), task)));
        Scorers.all().forEach(scorer -> found.add(of("scorer", scorer.name(), scorer)));
        return found;
    }

    private static FoundExtension of(String kind, String name, Object implementation) {
        Class<?> type = implementation.getClass();
        return new FoundExtension(kind, name, type.getName(), Extensions.source(type));
    }

    static String table(List<FoundExtension> found) {
        Table table = new Table();
        found.forEach(one -> table.row(one.kind(), one.name(), one.type(), one.source()));
        return table.toString();
    }
}
