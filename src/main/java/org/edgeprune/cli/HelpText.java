package org.edgeprune.cli;

import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The opening of a command's help, where picocli's own is hard to read. */
final class HelpText {
    /** Options of which a synopsis can name each. */
    private static final int FEW_OPTIONS = 8;

    private HelpText() {}

    /** Changes the help of a command and of its subcommands. */
    static CommandLine readable(CommandLine line) {
        Map<String, IHelpSectionRenderer> sections = line.getHelpSectionMap();
        sections.put(UsageMessageSpec.SECTION_KEY_SYNOPSIS, HelpText::synopsis);
        sections.put(UsageMessageSpec.SECTION_KEY_DESCRIPTION, HelpText::description);
        return line.setHelpSectionMap(sections);
    }

    /** Names what has to be given; every option only where they are few. */
    private static String synopsis(Help help) {
        CommandSpec command = help.commandSpec();
        if (command.options().size() <= FEW_OPTIONS || !command.subcommands().isEmpty()) {
            return help.synopsis(help.synopsisHeadingLength());
        }
        StringBuilder line = new StringBuilder(command.qualifiedName()).append(" [OPTIONS]");
        for (OptionSpec option : command.options()) {
            if (option.required()) {
                line.append(' ').append(option.longestName()).append('=').append(option.paramLabel());
            }
        }
        for (PositionalParamSpec parameter : command.positionalParameters()) {
            boolean needed = parameter.required();
            boolean several = parameter.arity().isVariable();
            line.append(needed ? " " : " [")
                    .append(parameter.paramLabel())
                    .append(several ? "..." : "")
                    .append(needed ? "" : "]");
        }
        return line.append(System.lineSeparator()).toString();
    }

    /** One paragraph, with line breaks at spaces alone: picocli also breaks within names of files and options. */
    private static String description(Help help) {
        UsageMessageSpec usage = help.commandSpec().usageMessage();
        String text = Prose.wrapped(String.join(" ", usage.description()).formatted(), usage.width());
        return text.isEmpty() ? text : text + System.lineSeparator();
    }
}
